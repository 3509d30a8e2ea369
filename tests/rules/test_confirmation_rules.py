"""What fails after the switch is rolled back by itself, is held, and people are told; a person ends the hold."""

import re

import pytest
from tiny import APPROVE, CONFIRMED, WARY
from twins import TinyTwin, Twins

from domain.approval.audit import audit
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from domain.naming import deployment_name
from domain.outcome import Outcome
from domain.release.hold import hold_of
from domain.release.outcome import shown_ending
from domain.rollout.switch import open_journal
from flows.rollback import rollback
from flows.rollout import deploy
from flows.unhold import unhold
from tasks.approval.approvers import approvers_of_gates
from tasks.ledger.facts import read_facts
from tasks.workloads import declared_workload


@pytest.fixture
def wary(tiny: TinyTwin) -> TinyTwin:
    """Its switch is confirmed, with input that is well."""
    tiny.declare(score=WARY, production=CONFIRMED)
    tiny.give_data("after", "value\n1\n")
    return tiny


def test_what_fails_after_the_switch_is_rolled_back_is_held_and_comes_again_only_when_a_person_says_so(
    twins: Twins, wary: TinyTwin
) -> None:
    assert twins.release(wary, wary.candidates()).name == "Succeeded"
    first, facts = twins.newest(wary)
    assert [fact.body["passed"] for fact in facts_of(facts, Kind.CONFIRMED)] == [True]

    wary.give_data("after", "poison\n", ["B2"])
    bad = wary.candidates()
    state = twins.release(wary, bad)
    assert state.name == "Rolled_back"
    assert re.search("rolled back to what served before: be-.*-b2: Job status: Failed", state.message or ""), (
        state.message
    )
    assert twins.serving(wary, "production") == [first, first]
    second, facts = twins.newest(wary)
    ended = shown_ending(facts)
    assert ended is not None
    assert ended.outcome is Outcome.ROLLED_BACK
    assert facts_of(facts, Kind.SWITCHED, "production") == ()
    assert open_journal(facts, "production") is None
    (held,) = facts_of(facts, Kind.HELD, "production")
    assert [fact.body["subject"] for fact in facts if fact.body.get("about") == held.digest] == [
        f"Rolled back: {wary.name} {second} at production"
    ]

    again = twins.release(wary, bad)
    assert again.name == "Failed"
    assert f"release {second} of these circuits is held at production" in (again.message or "")
    with pytest.raises(Terminal, match="say who ends the hold, and why"):
        unhold(second, "ada", " ", wary.name)
    unhold(second, "ada", "the sensor is mended", wary.name)
    assert hold_of(read_facts(twins.ledger, wary.name, second)) is None
    with pytest.raises(Terminal, match="is not held"):
        unhold(second, "ada", "the sensor is mended", wary.name)
    wary.give_data("after", "value\n1\n")
    assert twins.release(wary, bad).name == "Succeeded"
    third, facts = twins.newest(wary)
    assert twins.serving(wary, "production") == [third, third]
    assert third not in {first, second}
    gates = [stage.gate for stage in declared_workload(wary.name).stages if stage.gate]
    assert audit(facts, approvers_of_gates(gates, facts)).faults == ()
    duplicate = twins.release(wary, bad)
    assert (duplicate.name, twins.newest(wary)[0]) == ("Succeeded", third)
    assert duplicate.message == "production serves exactly these models; there is nothing left to do"


def test_where_nothing_is_left_to_roll_back_to_it_stays_and_people_are_told(
    twins: Twins, wary: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins.release(wary, wary.candidates())
    first, _ = twins.newest(wary)
    real = deploy.confirm

    def confirm_when_the_old_one_is_gone(at, *rest):
        if at.stage == "production":
            del (
                twins.places["production"]
                .endpoints[at.platform.endpoint(wary.units()[0])]
                .deployments[deployment_name(first)]
            )
        return real(at, *rest)

    wary.give_data("after", "poison\n")
    monkeypatch.setattr(deploy, "confirm", confirm_when_the_old_one_is_gone)
    state = twins.release(wary, wary.candidates())
    second, facts = twins.newest(wary)
    assert state.name == "Failed"
    assert "there is nothing to roll back to" in (state.message or "")
    assert twins.serving(wary, "production") == [second, second]
    assert hold_of(facts) is not None
    subjects = [str(fact.body.get("subject")) for fact in facts_of(facts, Kind.NOTIFIED, "production")]
    assert f"!!! Still serves what failed: {wary.name} {second} at production" in subjects


@pytest.fixture
def left_over(twins: Twins, wary: TinyTwin, monkeypatch: pytest.MonkeyPatch) -> str:
    """A first release that ended before its switch: its deployments are there, and nothing serves. Its name."""
    real = deploy.Rollout.switch

    def no_more(self, step):
        if step.stage.name == "production":
            raise Terminal("no longer admitted")
        return real(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(deploy.Rollout, "switch", no_more)
        assert not twins.release(wary, wary.candidates()).is_completed()
    assert twins.serving(wary, "production") == ["None", "None"]
    return twins.newest(wary)[0]


def test_what_served_nothing_serves_nothing_again_though_a_release_before_left_its_deployments(
    twins: Twins, wary: TinyTwin, left_over: str
) -> None:
    platform = twins.platform(wary.name, "production")
    assert platform.find(platform.endpoint(wary.units()[0]), deployment_name(left_over)) is not None
    wary.give_data("after", "poison\n", ["B2"])
    assert twins.release(wary, wary.candidates()).name == "Rolled_back"
    assert twins.serving(wary, "production") == ["None", "None"]
    wary.give_data("after", "value\n1\n")
    assert twins.release(wary, wary.candidates()).name == "Succeeded"
    assert twins.serving(wary, "production") == [twins.newest(wary)[0]] * 2


def test_what_somebody_deployed_by_hand_is_named_at_the_gate_and_never_deleted(
    twins: Twins, wary: TinyTwin, left_over: str
) -> None:
    platform = twins.platform(wary.name, "production")
    endpoint = platform.endpoint(wary.units()[0])
    platform.by_hand(endpoint, deployment_name(left_over), name="by-hand", tags={})
    wary.give_data("after", "poison\n", ["B2"])
    with twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(wary, wary.candidates())
    assert "No rollback for 1 of 2 circuits" in seen[-1].evidence
    assert "no release made by-hand" in seen[-1].evidence
    assert f"{endpoint} served nothing before, and no release made by-hand, so the endpoint is not deleted" in (
        state.message or ""
    )
    assert {one.name for one in platform.deployments(endpoint)} >= {"by-hand", deployment_name(left_over)}


def test_one_release_is_rolled_back_by_its_name_and_circuits_of_others_stay(twins: Twins, tiny: TinyTwin) -> None:
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    twins.release(tiny, tiny.candidates())
    whole = tiny.candidates()
    twins.release(tiny, whole.model_copy(update={"circuits": whole.circuits[:1], "build_id": "one"}))
    third, second, _ = twins.names(tiny)
    with pytest.raises(Terminal, match="serves none of these circuits"):
        rollback(tiny.name, "production", dry_run=False, release=first)
    assert twins.serving(tiny, "production") == [third, second]
    rollback(tiny.name, "production", reason="odd", dry_run=False, release=third)
    assert twins.serving(tiny, "production") == [second, second]
    assert hold_of(read_facts(twins.ledger, tiny.name, third)) is not None
    assert hold_of(read_facts(twins.ledger, tiny.name, second)) is None


def test_a_rollback_that_is_typed_twice_changes_nothing_the_second_time(
    twins: Twins, tiny: TinyTwin, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    third, second, _ = twins.names(tiny)
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert twins.serving(tiny, "production") == [second, second]
    assert rollback(tiny.name, "production", reason="odd", dry_run=False) == []
    assert rollback(tiny.name, "production") == []
    assert twins.serving(tiny, "production") == [second, second]
    said = f"2 circuits serve release {second} since release {third} was rolled back, and are left as they are"
    assert said in caplog.text
    assert f"name that release: --release {second}" in caplog.text
    with pytest.raises(Terminal, match="is gone or not ready"):  # cleaned up: two are kept
        rollback(tiny.name, "production", reason="odd", dry_run=False, release=second)
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    rollback(tiny.name, "production", reason="odd again", dry_run=False)
    assert twins.serving(tiny, "production") == [second, second]


def test_what_a_failed_switch_left_serving_can_be_rolled_back_without_its_name(twins: Twins, wary: TinyTwin) -> None:
    assert twins.release(wary, wary.candidates()).name == "Succeeded"
    first, _ = twins.newest(wary)
    assert twins.release(wary, wary.candidates()).name == "Succeeded"
    wary.give_data("after", "poison\n", ["B2"])
    assert twins.release(wary, wary.candidates()).name == "Rolled_back"
    rollback(wary.name, "production", reason="odd", dry_run=False)
    assert twins.serving(wary, "production") == [first, first]


def test_a_run_that_dies_before_the_confirmation_is_confirmed_by_the_next(twins: Twins, wary: TinyTwin) -> None:
    changed = wary.candidates()
    twins.places["production"].troubles.add("dies before", "smoke", "-a1$")
    with twins.power.failing():
        twins.release(wary, changed)
    name, facts = twins.newest(wary)
    assert twins.serving(wary, "production") == [name, name]
    assert facts_of(facts, Kind.SWITCHED, "production") == ()
    wary.give_data("after", "poison\n", ["A1"])
    assert twins.release(wary, changed).name == "Rolled_back"
    assert twins.serving(wary, "production") == ["None", "None"]
    assert twins.newest(wary)[0] == name
