"""`fleet: independent`: a circuit that fails stays where it was, and the others go on."""

import pytest
from prefect.states import State
from tiny import APPROVE, CONFIRMED, WARY, Tiny, answering, endpoints_in

from domain.errors import Terminal
from domain.fact import Fact, Kind, facts_of
from flows import waves
from flows.release import release
from tasks.batch_endpoints import naming_of
from tasks.ledger import read_facts, release_names
from tasks.models import check_model
from tasks.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny) -> tuple["State[str]", list[str]]:
    """Release new candidates; how it ended, and what the last form showed."""
    approver, seen = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True)
    return state, [pending.evidence for pending in seen]


def serving(site, tiny: Tiny, stage: str) -> list[str]:
    """Which release serves A1, which B2."""
    workspace = getattr(site, stage)
    naming = naming_of(workspace)
    found = serving_of(endpoints_in(workspace), [naming.endpoint(unit) for unit in tiny.units()])
    return [str(one).removeprefix("deployment-") for one in found.values()]


def newest(site, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
    """Name and facts of the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    return name, read_facts(site.ledger, tiny.name, name)


def test_a_circuit_that_fails_below_is_left_behind_and_said_at_the_gate(site, tiny: Tiny) -> None:
    tiny.circuits = ("A1", "B2", "C3")  # C3 has no test data
    tiny.declare(fleet="independent")
    state, forms = run(tiny)
    name, facts = newest(site, tiny)
    assert state.name == "Succeeded"
    assert f"without 1 of 3 circuits: {tiny.plant}/C3: test: {tiny.plant}/C3 has no test data" in (state.message or "")
    assert serving(site, tiny, "test") == serving(site, tiny, "production") == [name, name, "None"]
    (gone,) = facts_of(facts, Kind.DROPPED)
    assert gone.body["units"].keys() == {f"{tiny.plant}/C3"}
    assert "Failed on the way, 1 of 3" in forms[-1]


def test_a_circuit_that_fails_after_the_switch_goes_back_alone(site, tiny: Tiny) -> None:
    tiny.declare(score=WARY, fleet="independent", production=CONFIRMED)
    tiny.give_data("after", "value\n1\n")
    run(tiny)
    first, _ = newest(site, tiny)
    tiny.give_data("after", "poison\n", ["B2"])
    state, _ = run(tiny)
    second, facts = newest(site, tiny)
    assert state.name == "Succeeded"
    assert f"without 1 of 2 circuits: {tiny.plant}/B2: production: Job status: Failed" in (state.message or "")
    assert serving(site, tiny, "production") == [second, first]
    (switched,) = facts_of(facts, Kind.SWITCHED, "production")
    assert list(switched.body["after"].values()) == [f"deployment-{second}"]


def test_where_all_fail_the_release_fails_and_nothing_changes(site, tiny: Tiny) -> None:
    tiny.declare(score=WARY, fleet="independent", production=CONFIRMED)
    tiny.give_data("after", "poison\n")
    state, _ = run(tiny)
    assert state.name == "Rolled_back"
    assert serving(site, tiny, "production") == ["None", "None"]


def test_a_circuit_that_fails_between_a_switch_that_died_and_the_next_run_goes_back_alone(
    site, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.declare(fleet="independent")
    run(tiny)
    first, _ = newest(site, tiny)
    real = waves.confirm

    def dies(at, *rest):
        if at.stage != "production":
            return real(at, *rest)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    approver, _ = answering(APPROVE)
    with approver:
        with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="the power fails"):
            patched.setattr(waves, "confirm", dies)
            release(tiny.name, changed.to_json(), "linus")
        second, _ = newest(site, tiny)
        assert serving(site, tiny, "production") == [second, second]
        real_check = check_model.fn

        def changed_meanwhile(registry, circuit):
            if circuit.circuit_id == "B2":
                raise Terminal("the files changed after it was registered")
            real_check(registry, circuit)

        monkeypatch.setattr(check_model, "fn", changed_meanwhile)
        state = release(tiny.name, changed.to_json(), "linus", return_state=True)
    assert state.name == "Succeeded"
    assert serving(site, tiny, "production") == [second, first]
    (gone,) = facts_of(newest(site, tiny)[1], Kind.DROPPED)[-1:]
    assert gone.body["units"].keys() == {f"{tiny.plant}/B2"}
