"""What was rolled back is held by its models' files: under another build, long afterwards, one by one, and under way."""

import re

import pytest
from begun import begin
from twins import TinyTwin, Twins

from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from flows.deploy_version import deploy_version
from flows.promotion import earlier_releases
from flows.rollback import rollback
from flows.stage.admit import admission_of
from flows.unhold import unhold
from tasks.workloads import declared_workload


def another_build(changed: ChangedCircuits, number: int = 2) -> ChangedCircuits:
    """The same models, handed over once more."""
    return changed.model_copy(update={"build_id": f"build-{number}"})


@pytest.fixture
def bad(twins: Twins, tiny: TinyTwin) -> ChangedCircuits:
    """Models that served after others, and were rolled back."""
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    changed = tiny.candidates()
    assert twins.release(tiny, changed).name == "Succeeded"
    rollback(tiny.name, "production", reason="it hums", dry_run=False)
    return changed


def test_another_build_of_the_same_models_is_refused(twins: Twins, tiny: TinyTwin, bad: ChangedCircuits) -> None:
    held = twins.names(tiny)[0]
    state = twins.release(tiny, another_build(bad))
    assert state.name == "Failed"
    assert "2 of these models are held: " in (state.message or "")
    assert f"was rolled back with release {held} at production: it hums" in (state.message or "")
    assert f"`signalbox unhold {held} --as NAME --reason WHY --workload {tiny.name}`" in (state.message or "")
    assert twins.names(tiny)[0] == held


def test_one_of_them_among_newer_ones_is_refused(twins: Twins, tiny: TinyTwin, bad: ChangedCircuits) -> None:
    newer = tiny.candidates()
    mixed = newer.model_copy(update={"circuits": (bad.circuits[0], *newer.circuits[1:])})
    state = twins.release(tiny, mixed)
    assert "1 of these models are held" in (state.message or "")
    assert twins.release(tiny, newer).name == "Succeeded"


@pytest.mark.parametrize(("by", "reason"), [("", "it is fine"), ("ada", " "), (" ", "")])
def test_who_ends_a_hold_says_who_they_are_and_why(
    twins: Twins, tiny: TinyTwin, bad: ChangedCircuits, by: str, reason: str
) -> None:
    with pytest.raises(Terminal, match="say who ends the hold, and why: both are kept in the ledger"):
        unhold(twins.names(tiny)[0], by, reason, tiny.name)
    assert "models are held" in (twins.release(tiny, another_build(bad)).message or "")


def test_what_is_not_there_or_not_held_is_said(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    with pytest.raises(Terminal, match=f"the ledger holds no release 20010101.1 of {tiny.name}; "):
        unhold("20010101.1", "ada", "it is fine", tiny.name)
    with pytest.raises(Terminal, match="is not held; nothing was written"):
        unhold(twins.names(tiny)[0], "ada", "it is fine", tiny.name)


def test_a_hold_is_never_too_old(
    twins: Twins, tiny: TinyTwin, bad: ChangedCircuits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_releases, "LOOKED_BACK", 1)
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    assert "is held at production: it hums" in (twins.release(tiny, bad).message or "")
    assert "models are held" in (twins.release(tiny, another_build(bad)).message or "")


def test_a_chosen_version_that_is_held_is_refused(twins: Twins, tiny: TinyTwin, bad: ChangedCircuits) -> None:
    unit = bad.circuits[0]
    with pytest.raises(Terminal, match="1 of these models are held"):
        deploy_version(str(unit.unit), unit.model_version, "production", tiny.name, "linus")


def test_what_began_before_the_rollback_is_not_admitted_where_the_models_were_rolled_back(
    twins: Twins, tiny: TinyTwin
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    changed = tiny.candidates()
    assert twins.release(tiny, changed).name == "Succeeded"
    release = begin(twins.ledger, another_build(changed), "linus")
    rollback(tiny.name, "production", reason="it hums", dry_run=False)
    stages = declared_workload(tiny.name).stages
    admission = admission_of(twins.ledger, stages[-1], stages[:-1], release)
    assert re.search(r"held: .* was rolled back with release .* at production: it hums", "; ".join(admission.reasons))


def test_when_the_hold_is_ended_they_come_again_and_the_gate_says_what_happened(
    twins: Twins, tiny: TinyTwin, bad: ChangedCircuits
) -> None:
    held = twins.names(tiny)[0]
    unhold(held, "ada", "the sensor is mended", tiny.name)
    with twins.answering({"decision": "approve", "approver": "ada", "comment": ""}) as seen:
        assert twins.release_as_answered(tiny, another_build(bad)).name == "Succeeded"
    assert "Rolled back before: 2 of 2 circuits" in seen[0].evidence
    assert "ended by ada: the sensor is mended" in seen[0].evidence


def test_a_rollback_is_not_kept_by_a_hold(twins: Twins, tiny: TinyTwin, bad: ChangedCircuits) -> None:
    unhold(twins.names(tiny)[0], "ada", "the sensor is mended", tiny.name)
    assert twins.release(tiny, another_build(bad)).name == "Succeeded"
    again = twins.names(tiny)[0]
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert twins.serving(tiny, "production") == [again, again]


def test_what_is_no_hold_stops_the_models_that_it_would_hold_and_no_others(
    twins: Twins, tiny: TinyTwin, bad: ChangedCircuits
) -> None:
    digest = bad.circuits[0].model_digest.removeprefix("sha256:")
    unhold(twins.names(tiny)[0], "ada", "the sensor is mended", tiny.name)
    twins.blobs.upload_blob(f"_holds/{tiny.name}/{digest}/20990101.1/production.json", b"{}")
    assert "in the ledger is not a hold" in (twins.release(tiny, another_build(bad)).message or "")
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
