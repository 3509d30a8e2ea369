"""What fails after the switch goes back by itself, is held, and people are told; a person ends the hold."""

import re

import pytest
from prefect.states import State
from tiny import APPROVE, CONFIRMED, WARY, Tiny, answering, endpoints_in

from domain.audit import audit
from domain.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.fact import Fact, Kind, facts_of
from domain.fleet import open_journal
from domain.hold import hold_of
from domain.outcome import Outcome
from flows import deploying, waves
from flows.beginning import outcome_of
from flows.release import release
from flows.rollback import rollback
from flows.unhold import unhold
from tasks.batch_deployments import find_deployment
from tasks.batch_endpoints import naming_of
from tasks.invocations import invoke
from tasks.ledger import read_facts, release_names
from tasks.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, changed: ChangedCircuits) -> "State[str]":
    """Release these; the state in which it ends."""
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, changed.to_json(), "linus", return_state=True)


def production(site, tiny: Tiny) -> set[str]:
    """Releases that production serves."""
    naming = naming_of(site.production)
    found = serving_of(endpoints_in(site.production), [naming.endpoint(unit) for unit in tiny.units()])
    return {str(one).removeprefix("deployment-") for one in found.values()}


def newest(site, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
    """Name and facts of the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    return name, read_facts(site.ledger, tiny.name, name)


@pytest.fixture
def wary(tiny: Tiny) -> Tiny:
    """Its switch is confirmed, with input that is well."""
    tiny.declare(score=WARY, production=CONFIRMED)
    tiny.give_data("after", "value\n1\n")
    return tiny


def test_what_fails_after_the_switch_goes_back_is_held_and_comes_again_only_when_a_person_says_so(
    site, wary: Tiny
) -> None:
    assert run(wary, wary.candidates()).name == "Succeeded"
    first, facts = newest(site, wary)
    assert [fact.body["passed"] for fact in facts_of(facts, Kind.CONFIRMED)] == [True]

    wary.give_data("after", "poison\n", ["B2"])
    bad = wary.candidates()
    state = run(wary, bad)
    assert state.name == "Rolled_back"
    assert re.search("went back to what served before: be-.*-b2: Job status: Failed", state.message or ""), (
        state.message
    )
    assert production(site, wary) == {first}
    second, facts = newest(site, wary)
    assert outcome_of(facts) is Outcome.ROLLED_BACK
    assert facts_of(facts, Kind.SWITCHED, "production") == ()
    assert open_journal(facts, "production") is None
    (held,) = facts_of(facts, Kind.HELD, "production")
    assert [fact.body["subject"] for fact in facts if fact.body.get("about") == held.digest] == [
        f"Rolled back: {wary.name} {second} at production"
    ]

    again = run(wary, bad)
    assert again.name == "Failed"
    assert f"release {second} of these circuits is held at production" in (again.message or "")
    with pytest.raises(Terminal, match="say who ends the hold, and why"):
        unhold(second, "ada", " ", wary.name)
    unhold(second, "ada", "the sensor is mended", wary.name)
    assert hold_of(read_facts(site.ledger, wary.name, second)) is None
    with pytest.raises(Terminal, match="is not held"):
        unhold(second, "ada", "the sensor is mended", wary.name)
    wary.give_data("after", "value\n1\n")
    assert run(wary, bad).name == "Succeeded"
    third, facts = newest(site, wary)
    assert production(site, wary) == {third}
    assert third not in {first, second}
    assert audit(facts, site_roster(site, facts)).faults == ()
    duplicate = run(wary, bad)
    assert (duplicate.name, newest(site, wary)[0]) == ("Succeeded", third)
    assert f"released as {third}; there is nothing left to do" in (duplicate.message or "")


def site_roster(site, facts):
    from tasks.roster import roster_of_gates

    return roster_of_gates([stage.gate for stage in site.workload.stages if stage.gate], facts)


def test_a_run_that_dies_before_the_confirmation_is_confirmed_by_the_next(
    site, wary: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = waves.confirm

    def dies(at, *rest):
        if at.stage != "production":
            return real(at, *rest)
        raise RuntimeError("the power fails")

    changed = wary.candidates()
    approver, _ = answering(APPROVE)
    with approver, monkeypatch.context() as patched, pytest.raises(RuntimeError, match="the power fails"):
        patched.setattr(waves, "confirm", dies)
        release(wary.name, changed.to_json(), "linus")
    name, facts = newest(site, wary)
    assert production(site, wary) == {name}
    assert facts_of(facts, Kind.SWITCHED, "production") == ()
    wary.give_data("after", "poison\n", ["A1"])
    assert run(wary, changed).name == "Rolled_back"
    assert production(site, wary) == {"None"}
    assert newest(site, wary)[0] == name


def test_where_nothing_is_left_to_go_back_to_it_stays_and_people_are_told(
    site, wary: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(wary, wary.candidates())
    first, _ = newest(site, wary)
    real = waves.confirm

    def confirm_when_the_old_one_is_gone(at, *rest):
        if at.stage != "production":
            return real(at, *rest)
        endpoint = naming_of(site.production).endpoint(wary.units()[0])
        site.production.get_client().batch_deployments.begin_delete(f"deployment-{first}", endpoint).result()
        return real(at, *rest)

    wary.give_data("after", "poison\n")
    monkeypatch.setattr(waves, "confirm", confirm_when_the_old_one_is_gone)
    state = run(wary, wary.candidates())
    second, facts = newest(site, wary)
    assert state.name == "Failed"
    assert "there is nothing to go back to" in (state.message or "")
    assert production(site, wary) == {second}
    assert hold_of(facts) is not None
    subjects = [str(fact.body.get("subject")) for fact in facts_of(facts, Kind.NOTIFIED, "production")]
    assert f"!!! Serves what failed: {wary.name} {second} at production" in subjects


@pytest.fixture
def left_over(site, wary: Tiny, monkeypatch: pytest.MonkeyPatch) -> str:
    """A first release that ended before its switch: its deployments are there, and nothing serves. Its name."""
    real = deploying.switch_waves

    def no_more(at, *rest):
        if at.stage == "production":
            raise Terminal("not admitted any more")
        return real(at, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(deploying, "switch_waves", no_more)
        assert not run(wary, wary.candidates()).is_completed()
    name, _ = newest(site, wary)
    assert production(site, wary) == {"None"}
    return name


def test_what_served_nothing_serves_nothing_again_though_a_release_before_left_its_deployments(
    site, wary: Tiny, left_over: str
) -> None:
    endpoints = [naming_of(site.production).endpoint(unit) for unit in wary.units()]
    assert find_deployment(site.production, endpoints[0], f"deployment-{left_over}") is not None
    wary.give_data("after", "poison\n", ["B2"])
    assert run(wary, wary.candidates()).name == "Rolled_back"
    assert production(site, wary) == {"None"}
    wary.give_data("after", "value\n1\n")
    assert run(wary, wary.candidates()).name == "Succeeded"
    assert production(site, wary) == {newest(site, wary)[0]}


def test_what_somebody_deployed_by_hand_is_named_at_the_gate_and_never_deleted(
    site, wary: Tiny, left_over: str
) -> None:
    client = site.production.get_client().batch_deployments
    endpoint = naming_of(site.production).endpoint(wary.units()[0])
    mine = client.get(f"deployment-{left_over}", endpoint)
    mine.name, mine.tags = "by-hand", {}
    client.begin_create_or_update(mine, skip_script_validation=True).result()
    wary.give_data("after", "poison\n", ["B2"])
    approver, seen = answering(APPROVE)
    with approver:
        state = release(wary.name, wary.candidates().to_json(), "linus", return_state=True)
    assert "No way back for 1 of 2 circuits" in seen[-1].evidence
    assert "no release made by-hand" in seen[-1].evidence
    assert f"{endpoint} served nothing before, and no release made by-hand, so it is not deleted" in (
        state.message or ""
    )
    assert {one.name for one in client.list(endpoint)} >= {"by-hand", f"deployment-{left_over}"}


def test_one_release_is_rolled_back_by_its_name_and_circuits_of_others_stay(site, tiny: Tiny) -> None:
    run(tiny, tiny.candidates())
    first, _ = newest(site, tiny)
    run(tiny, tiny.candidates())
    whole = tiny.candidates()
    run(tiny, whole.model_copy(update={"circuits": whole.circuits[:1], "build_id": "one"}))
    third, _ = newest(site, tiny)
    second = release_names(site.ledger, tiny.name)[1]
    with pytest.raises(Terminal, match="serves none of these circuits"):
        rollback(tiny.name, "production", dry_run=False, release=first)
    assert production(site, tiny) == {second, third}
    rollback(tiny.name, "production", reason="odd", dry_run=False, release=third)
    assert production(site, tiny) == {second}
    assert hold_of(read_facts(site.ledger, tiny.name, third)) is not None
    assert hold_of(read_facts(site.ledger, tiny.name, second)) is None


def test_a_rollback_that_is_typed_twice_changes_nothing_the_second_time(
    site, tiny: Tiny, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert run(tiny, tiny.candidates()).name == "Succeeded"
    third, second, _ = release_names(site.ledger, tiny.name)
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert production(site, tiny) == {second}
    assert rollback(tiny.name, "production", reason="odd", dry_run=False) == []
    assert rollback(tiny.name, "production") == []
    assert production(site, tiny) == {second}
    said = f"2 circuits serve release {second} since release {third} was taken back, and stay"
    assert said in caplog.text
    assert f"name what serves: --release {second}" in caplog.text
    with pytest.raises(Terminal, match="is gone or not ready"):  # cleaned up: two are kept
        rollback(tiny.name, "production", reason="odd", dry_run=False, release=second)
    assert run(tiny, tiny.candidates()).name == "Succeeded"
    rollback(tiny.name, "production", reason="odd again", dry_run=False)
    assert production(site, tiny) == {second}


def test_what_a_failed_switch_left_serving_can_be_taken_back_without_its_name(site, wary: Tiny) -> None:
    assert run(wary, wary.candidates()).name == "Succeeded"
    first, _ = newest(site, wary)
    assert run(wary, wary.candidates()).name == "Succeeded"
    wary.give_data("after", "poison\n", ["B2"])
    assert run(wary, wary.candidates()).name == "Rolled_back"
    rollback(wary.name, "production", reason="odd", dry_run=False)
    assert production(site, wary) == {first}


def test_the_default_is_asked_and_not_whatever_deployment_was_asked_before(site, tiny: Tiny) -> None:
    run(tiny, tiny.candidates())
    first, _ = newest(site, tiny)
    assert run(tiny, tiny.candidates()).name == "Succeeded"
    tiny.give_data("after", "value\n1\n")
    data = f"azureml://datastores/workspaceblobstore/paths/after/{tiny.plant}/A1/"
    one, other = (naming_of(site.production).endpoint(unit) for unit in tiny.units())
    old = f"deployment-{first}"
    site.production.get_client().batch_deployments.begin_delete(old, other).result()
    invoke.fn(site.production, one, old, data)
    assert invoke.fn(site.production, other, None, data)  # Azure would refuse the old one, which is gone there
