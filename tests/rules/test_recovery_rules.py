"""Wherever a run dies, the fleet is whole: the next run of the same circuits finishes its work, another release undoes it first."""

import pytest
from tiny import APPROVE
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, chain_faults, facts_of
from domain.naming import old_deployment_name
from domain.rollout.switch import open_journal
from flows.rollback import rollback
from flows.rollout import deploy
from tasks.ledger.facts import read_facts

VERBS = {
    "deploy": "the first of two deployments",
    "smoke": "a smoke test",
    "check": "the check before the switch",
    "switch": "the first of two switches",
    "remove": "the clean-up",
}


def two_releases(twins: Twins, tiny: TinyTwin) -> list[str]:
    """So that the next one has something to roll back to, and something to clean up; what serves."""
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    return twins.serving(tiny, "production")


@pytest.mark.parametrize("when", ["dies before", "dies after"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_run_that_dies_on_its_way_is_finished_by_the_next(twins: Twins, tiny: TinyTwin, verb: str, when) -> None:
    two_releases(twins, tiny)
    changed = tiny.candidates()
    place = twins.places["test" if verb == "smoke" else "production"]
    place.troubles.add(when, verb, times=1)
    with twins.power.failing():
        twins.release(tiny, changed)
    state = twins.release(tiny, changed)
    assert state.name == "Succeeded", state.message
    name, facts = twins.newest(tiny)
    assert len(twins.names(tiny)) == 3
    assert twins.serving(tiny, "production") == twins.serving(tiny, "test") == [name, name]
    assert chain_faults(facts) == ()
    assert open_journal(facts, "production") is None
    assert [fact.stage for fact in facts_of(facts, Kind.CLEANED)] == ["test", "production"]


@pytest.mark.parametrize("number", range(1, 40, 3))
def test_whatever_is_the_last_thing_written_to_the_ledger_the_next_run_finishes(
    twins: Twins, tiny: TinyTwin, number: int
) -> None:
    """number: of the writing, a fact, a document or a lease, from a release's first one to its last."""
    changed = tiny.candidates()
    twins.blobs.troubles.add("meanwhile", "write", times=number)
    twins.blobs.troubles.add("dies after" if number % 2 else "dies before", "write")
    with twins.power.failing():
        twins.release(tiny, changed)
    state = twins.release(tiny, changed)
    name, facts = twins.newest(tiny)
    assert state.name == "Succeeded", state.message
    assert twins.names(tiny) == (name,)
    assert twins.serving(tiny, "production") == [name, name]
    assert chain_faults(facts) == ()


def test_what_another_release_left_half_switched_is_rolled_back_before_anything_else(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = two_releases(twins, tiny)
    twins.places["production"].troubles.add("dies after", "switch", "-a1$")
    with twins.power.failing():
        twins.release(tiny, tiny.candidates())
    left, _ = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [left, before[1]]
    twins.lease_ends(tiny.name, "production")
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    newest, _ = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [newest, newest]
    back = facts_of(read_facts(twins.ledger, tiny.name, left), Kind.ROLLED_BACK, "production")
    assert [fact.body["reason"] for fact in back] == ["the run that was switching it ended midway"]


def test_a_rollback_that_dies_half_way_is_finished_by_the_next(twins: Twins, tiny: TinyTwin) -> None:
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    twins.release(tiny, tiny.candidates())
    second, _ = twins.newest(tiny)
    twins.places["production"].troubles.add("dies after", "switch")
    with twins.power.failing():
        rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert sorted(twins.serving(tiny, "production")) == [first, second]
    twins.lease_ends(tiny.name, "production")
    assert rollback(tiny.name, "production", reason="odd", dry_run=False) == []
    assert twins.serving(tiny, "production") == [first, first]


@pytest.mark.parametrize("verb", ["deploy", "switch", "check", "smoke", "remove"])
@pytest.mark.parametrize("what", ["lost answer", "unreachable"])
def test_what_passes_by_itself_is_tried_again_and_nobody_notices(twins: Twins, tiny: TinyTwin, verb: str, what) -> None:
    two_releases(twins, tiny)
    for place in twins.places.values():
        place.troubles.add(what, verb, times=2)
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    assert twins.serving(tiny, "production") == [twins.newest(tiny)[0]] * 2


def test_what_does_not_pass_is_technical_and_the_same_command_goes_on_later(twins: Twins, tiny: TinyTwin) -> None:
    before = two_releases(twins, tiny)
    changed = tiny.candidates()
    twins.places["production"].troubles.add("unreachable", "deploy", times=20)
    state = twins.release(tiny, changed)
    assert state.name == "Failed"
    assert "run the same command again to continue" in state.message
    assert twins.serving(tiny, "production") == before
    assert facts_of(twins.facts(tiny), Kind.ENDED) == ()
    twins.places["production"].troubles.waiting.clear()
    assert twins.release(tiny, changed, APPROVE).name == "Succeeded"


def test_a_release_that_began_when_names_had_a_dot_ends_with_them_and_can_be_rolled_back_to(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tiny.candidates()
    with monkeypatch.context() as before:
        before.setattr(deploy, "deployment_name", old_deployment_name)
        twins.places["production"].troubles.add("dies after", "deploy", times=1)
        with twins.power.failing():
            twins.release(tiny, changed)
    assert twins.release(tiny, changed).name == "Succeeded"
    first, _ = twins.newest(tiny)
    platform = twins.platform(tiny.name, "production")
    endpoints = [platform.endpoint(unit) for unit in tiny.units()]
    assert {platform.serving(endpoint) for endpoint in endpoints} == {f"deployment-{first}"}

    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    second, _ = twins.newest(tiny)
    assert {platform.serving(endpoint) for endpoint in endpoints} == {f"deployment-{second.replace('.', '-')}"}
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert {platform.serving(endpoint) for endpoint in endpoints} == {f"deployment-{first}"}
