"""What counts as a violation; and that a process that is killed is known from one that fails."""

import os
import signal
from dataclasses import replace

import pytest
from fleet import Seen
from forked import Broken, Killed, forked
from killing import Boundary, Kill, die
from lane import can_roll_back
from raw_facts import Raw, approved_stages, digest_of, models_of, passed_without_approval
from violations import mixed, though_refused, though_sour, unapproved, violations_of, wrong_end, wrong_models

OLD, NEW = "deployment-20260101-1", "deployment-20260101-2"
MANIFEST = {"name": "20260101.2", "units": [{"model_name": "t-a1", "model_version": "7"}]}


def seen(
    production: list[str | None], outcome: str = "SUCCEEDED", approved: tuple[str, ...] = (), held: str = ""
) -> Seen:
    """The fleet after a release of 20260101.2."""
    return Seen(
        serving={"production": {f"be-{number}": one for number, one in enumerate(production)}},
        approved=frozenset(approved),
        releases=("20260101.2", "20260101.1"),
        outcomes={"20260101.2": outcome},
        held=frozenset([held]),
        faults=(),
    )


def ledger(*facts: tuple[str, Raw]) -> list[Raw]:
    """A release's, from its request on."""
    requested = {"kind": "requested", "body": {"release": MANIFEST, "digest": digest_of(MANIFEST)}}
    return [requested, *({"kind": kind, "body": {"stage": "production", **body}} for kind, body in facts)]


def decided(choice: str = "approve", stage: str = "production", digest: str = digest_of(MANIFEST)) -> tuple[str, Raw]:
    """What somebody said."""
    return "decided", {"statement": {"stage": stage, "choice": choice, "release_digest": digest}}


JOURNAL, BACK = ("journal", {"back": False}), ("journal", {"back": True})


def test_a_half_switched_fleet_is_a_violation() -> None:
    assert mixed(seen([NEW, NEW])) == []
    assert "different releases" in mixed(seen([NEW, OLD]))[0]
    assert "different releases" in mixed(seen([NEW, None]))[0]


def test_a_switch_that_nobody_approved_is_a_violation() -> None:
    assert unapproved(seen([NEW, NEW], approved=("20260101.2",))) == []
    assert "nobody approved" in unapproved(seen([NEW, NEW], approved=("20260101.1",)))[0]


def test_a_release_that_was_refused_and_serves_is_a_violation() -> None:
    assert though_refused(seen([OLD, OLD], "REJECTED")) == []
    assert "was refused" in though_refused(seen([NEW, OLD]))[0]
    assert "was refused" in though_refused(seen([OLD, OLD], approved=("20260101.2",)))[0]


def test_a_release_that_fails_its_confirmation_and_serves_is_a_violation() -> None:
    assert though_sour(seen([OLD, OLD], "ROLLED_BACK")) == []
    assert "failed its confirmation" in though_sour(seen([NEW, NEW], "ROLLED_BACK"))[0]
    assert "failed its confirmation" in though_sour(seen([OLD, OLD]))[0]


def test_a_model_that_the_release_does_not_have_is_a_violation() -> None:
    after = replace(seen([NEW]), manifests={"20260101.2": models_of(ledger())})
    assert wrong_models(replace(after, models={"be-0": "t-a1:7"})) == []
    assert "be-0 serves t-a1:6" in wrong_models(replace(after, models={"be-0": "t-a1:6"}))[0]


def test_a_fault_of_a_ledger_is_a_violation() -> None:
    good = seen([NEW], approved=("20260101.2",))
    assert violations_of(seen([OLD]), good, "Succeeded", "", False, "") == []
    bad = replace(good, faults=("20260101.2: fact 3 missing",))
    assert violations_of(seen([OLD]), bad, "Succeeded", "", False, "") == ["20260101.2: fact 3 missing"]


def test_an_approval_counts_for_its_stage_and_exactly_its_manifest() -> None:
    assert approved_stages(ledger(decided())) == {"production"}
    assert approved_stages(ledger()) == set()
    assert approved_stages(ledger(decided(digest=digest_of({**MANIFEST, "name": "20260101.3"})))) == set()
    assert approved_stages(ledger(decided(stage="registry"))) == {"registry"}
    assert approved_stages(ledger(decided(), decided("reject"))) == set()
    edited = ledger(decided())
    edited[0]["body"]["release"] = {**MANIFEST, "units": []}
    assert approved_stages(edited) == set()


@pytest.mark.parametrize(
    ("facts", "early"),
    [
        ([decided(), JOURNAL, ("switched", {})], []),
        ([JOURNAL, decided(), ("switched", {})], ["fact 1 (journal)"]),
        ([("switched", {})], ["fact 1 (switched)"]),
        ([decided(stage="registry"), ("promoted", {})], ["fact 2 (promoted)"]),
        ([decided("reject"), JOURNAL], ["fact 2 (journal)"]),
        ([BACK, ("rolled_back", {}), ("held", {})], []),
        ([("switched", {"stage": "test"})], []),
    ],
)
def test_what_is_done_before_it_is_approved_is_a_violation(facts: list[tuple[str, Raw]], early: list[str]) -> None:
    found = list(passed_without_approval(ledger(*facts), {"registry", "production"}))
    assert [one.partition(" at ")[0] for one in found] == early


@pytest.mark.parametrize(
    ("after", "state", "rolled_back", "newer", "wrong"),
    [
        (seen([NEW]), "Succeeded", False, "", False),
        (seen([OLD]), "Succeeded", False, "", True),
        (seen([OLD], "FAILED"), "Failed", False, "", False),
        (seen([NEW], "FAILED"), "Failed", False, "", True),
        (seen([OLD], ""), "Failed", False, "", True),
        (seen([OLD], "REJECTED"), "Rejected", False, "", False),
        (seen([NEW], "REJECTED"), "Rejected", False, "", True),
        (seen([OLD], "FAILED"), "Rejected", False, "", True),
        (seen([OLD], "ROLLED_BACK"), "Rolled_back", False, "", False),
        (seen([OLD], "ROLLED_BACK"), "Failed", False, "", False),
        (seen([NEW], "ROLLED_BACK"), "Rolled_back", False, "", True),
        (seen([NEW]), "Superseded", False, NEW, False),
        (seen([OLD]), "Superseded", False, NEW, True),
        (seen([NEW], held="20260101.1"), "Completed", True, "", False),
        (seen([OLD], held="20260101.1"), "Completed", True, "", True),
        (seen([NEW]), "Completed", True, "", True),
    ],
)
def test_production_serves_what_the_end_says(
    after: Seen, state: str, rolled_back: bool, newer: str, wrong: bool
) -> None:
    assert bool(wrong_end(seen([OLD]), after, state, "", rolled_back, newer)) is wrong


def test_a_first_release_that_fails_leaves_nothing_that_serves() -> None:
    nothing = replace(seen([None, None]), releases=(), outcomes={})
    assert wrong_end(nothing, seen([None, None], "FAILED"), "Failed", "", False, "") == []
    assert "production serves" in wrong_end(nothing, seen([NEW, NEW], "FAILED"), "Failed", "", False, "")[0]
    assert "it came to no end" in wrong_end(nothing, nothing, "Failed", "the server is gone", False, "")[0]


def test_a_killed_process_is_known_from_one_that_fails_and_one_that_ends() -> None:
    def fails() -> None:
        raise ValueError("what went wrong")

    def crashes() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    assert forked(sorted, [2, 1]) == [1, 2]
    with pytest.raises(Broken, match="what went wrong"):
        forked(fails)
    with pytest.raises(Broken, match="ended by signal 10"):
        forked(crashes)
    with pytest.raises(Killed):
        forked(die)
    assert str(Kill(seconds=0.5)) == "killed after 0.50 s"
    assert str(Kill(Boundary("PUT x", 2, after=True))) == "killed after PUT x (2)"


def test_only_a_fleet_with_a_release_behind_it_can_be_rolled_back() -> None:
    two = {"20260101.2": "SUCCEEDED", "20260101.1": "SUCCEEDED"}
    fleet = seen([NEW, NEW])
    fleet.outcomes.update(two)
    assert can_roll_back(fleet)
    assert not can_roll_back(seen([NEW, NEW]))
    older = seen([OLD, OLD])
    older.outcomes.update(two)
    assert not can_roll_back(older)
