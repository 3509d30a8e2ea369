"""`fleet: independent`, on Azure: a circuit that fails is rolled back alone; its rules: test_independent_rules.py."""

import pytest
from prefect.states import State
from tiny import APPROVE, CONFIRMED, WARY, Tiny, answering, endpoints_in, naming_of

from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name, release_of
from flows.release import release
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny) -> tuple["State[str]", list[str]]:
    """Release new candidates; how it ended, and what the last form showed."""
    approver, seen = answering(APPROVE)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
    return state, [pending.evidence for pending in seen]


def serving(site, tiny: Tiny, stage: str) -> list[str]:
    """Which release serves A1, which B2."""
    workspace = getattr(site, stage)
    naming = naming_of(workspace)
    found = serving_of(endpoints_in(workspace), [naming.endpoint(unit) for unit in tiny.units()])
    return [release_of(str(one)) for one in found.values()]


def newest(site, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
    """Name and facts of the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    return name, read_facts(site.ledger, tiny.name, name)


@pytest.mark.slow
def test_a_circuit_that_fails_after_the_switch_is_rolled_back_alone(site, tiny: Tiny) -> None:
    tiny.declare(score=WARY, fleet="independent", production=CONFIRMED)
    tiny.give_data("after", "value\n1\n")
    first = tiny.serve()
    tiny.give_data("after", "poison\n", ["B2"])
    state, _ = run(tiny)
    second, facts = newest(site, tiny)
    assert state.name == "Succeeded"
    assert f"without 1 of 2 circuits: {tiny.plant}/B2: production: Job status: Failed" in (state.message or "")
    assert serving(site, tiny, "production") == [second, first]
    (switched,) = facts_of(facts, Kind.SWITCHED, "production")
    assert list(switched.body["after"].values()) == [deployment_name(second)]
