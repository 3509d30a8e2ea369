"""`fleet: independent`: a circuit that fails stays where it was, and the others go on."""

import pytest
from tiny import APPROVE, CONFIRMED, WARY
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, facts_of
from flows.rollout import deploy


def test_a_circuit_that_fails_below_is_left_behind_and_said_at_the_gate(twins: Twins, tiny: TinyTwin) -> None:
    tiny.circuits = ("A1", "B2", "C3")  # C3 has no test data
    tiny.declare(fleet="independent")
    with twins.answering(APPROVE) as forms:
        state = twins.release_as_answered(tiny, tiny.candidates())
    name, facts = twins.newest(tiny)
    assert state.name == "Succeeded"
    assert f"without 1 of 3 circuits: {tiny.plant}/C3: test: {tiny.plant}/C3 has no test data" in (state.message or "")
    assert twins.serving(tiny, "test") == twins.serving(tiny, "production") == [name, name, "None"]
    (gone,) = facts_of(facts, Kind.DROPPED)
    assert gone.body["units"].keys() == {f"{tiny.plant}/C3"}
    assert "Failed on the way, 1 of 3" in forms[-1].evidence


def test_a_circuit_that_cannot_be_deployed_is_left_behind(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(fleet="independent")
    twins.places["production"].troubles.add("refused", "deploy", "-b2$", reason="no quota for it")
    state = twins.release(tiny, tiny.candidates())
    name, _ = twins.newest(tiny)
    assert state.name == "Succeeded"
    assert f"without 1 of 2 circuits: {tiny.plant}/B2: production: no quota for it" in (state.message or "")
    assert twins.serving(tiny, "test") == [name, name]
    assert twins.serving(tiny, "production") == [name, "None"]


def test_where_all_fail_the_release_fails_and_nothing_changes(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(score=WARY, fleet="independent", production=CONFIRMED)
    tiny.give_data("after", "poison\n")
    assert twins.release(tiny, tiny.candidates()).name == "Rolled_back"
    assert twins.serving(tiny, "production") == ["None", "None"]


def test_a_circuit_that_fails_between_a_switch_that_died_and_the_next_run_is_rolled_back_alone(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.declare(fleet="independent")
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    real = deploy.confirm

    def dies(at, *rest):
        if at.stage != "production":
            return real(at, *rest)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(deploy, "confirm", dies)
        assert "the power fails" in twins.release(tiny, changed).message
    second, _ = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [second, second]
    twins.places["production"].troubles.add(
        "refused", "check", "-b2$", reason="the files changed after it was registered"
    )
    assert twins.release(tiny, changed).name == "Succeeded"
    assert twins.serving(tiny, "production") == [second, first]
    (gone,) = facts_of(twins.facts(tiny), Kind.DROPPED)[-1:]
    assert gone.body["units"].keys() == {f"{tiny.plant}/B2"}
