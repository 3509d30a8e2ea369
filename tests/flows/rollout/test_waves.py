"""A canary switches first and soaks, on Azure; the rules of waves: test_wave_rules.py."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect.states import State
from tiny import APPROVE, WARY, Tiny, answering, endpoints_in, naming_of

from domain.candidate.changed_circuits import ChangedCircuits
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import release_of
from flows.promotion import advance
from flows.release import release
from tasks.ledger.facts import read_facts, release_names
from tasks.targets.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, changed: ChangedCircuits) -> "State[str]":
    """Release these; the state in which it ends."""
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, changed.build_id, "linus", return_state=True)


def in_waves(tiny: Tiny, soak_minutes: float, **stage: object) -> None:
    """A1 is the canary."""
    waves = [{"circuits": [f"{tiny.plant}/A1"], "soak_minutes": soak_minutes}, {"circuits": "rest"}]
    tiny.declare(score=WARY, production={"waves": waves, **stage})


def production(site, tiny: Tiny) -> list[str]:
    """Which release serves A1, which B2."""
    naming = naming_of(site.production)
    found = serving_of(endpoints_in(site.production), [naming.endpoint(unit) for unit in tiny.units()])
    return [release_of(str(one)) for one in found.values()]


def newest(site, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
    """Name and facts of the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    return name, read_facts(site.ledger, tiny.name, name)


class AnHourLater(datetime):
    """The clock when what soaks for an hour has soaked."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=1, minutes=1)


def test_a_soak_is_a_fact_and_a_restart_does_not_start_it_over(
    site, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=60)
    seen: list[datetime] = []

    def dies_while_it_soaks(ledger, release, stage, until, why):
        seen.append(until)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(advance, "wait_until", dies_while_it_soaks)
        for _ in range(2):
            assert run(tiny, changed).is_failed()
    name, facts = newest(site, tiny)
    assert production(site, tiny) == [name, "None"]
    assert seen[0] == seen[1] > datetime.now(UTC) + timedelta(minutes=50)
    (switched,) = facts_of(facts, Kind.SWITCHED, "production")
    assert (switched.body["wave"], switched.body["left"]) == (1, 1)

    monkeypatch.setattr(advance, "datetime", AnHourLater)
    assert run(tiny, changed).name == "Succeeded"
    assert production(site, tiny) == [name, name]
    assert [fact.body["left"] for fact in facts_of(newest(site, tiny)[1], Kind.SWITCHED, "production")] == [1, 0]
