"""Canaries switch first and soak; the others follow, or nobody does."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect.states import State
from tiny import APPROVE, CONFIRMED, WARY, Tiny, answering, endpoints_in

from domain.changed_circuits import ChangedCircuits
from domain.fact import Fact, Kind, facts_of
from flows import climbing, deploying
from flows.release import release
from flows.rollback import rollback
from flows.waves import wait_for_soak
from tasks.batch_endpoints import naming_of
from tasks.ledger import read_facts, record, release_names
from tasks.serving import serving_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny, changed: ChangedCircuits) -> "State[str]":
    """Release these; the state in which it ends."""
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, changed.to_json(), "linus", return_state=True)


def in_waves(tiny: Tiny, soak_minutes: float, **stage: object) -> None:
    """A1 is the canary."""
    waves = [{"circuits": [f"{tiny.plant}/A1"], "soak_minutes": soak_minutes}, {"circuits": "rest"}]
    tiny.declare(score=WARY, production={"waves": waves, **stage})


def production(site, tiny: Tiny) -> list[str]:
    """Which release serves A1, which B2."""
    naming = naming_of(site.production)
    found = serving_of(endpoints_in(site.production), [naming.endpoint(unit) for unit in tiny.units()])
    return [str(one).removeprefix("deployment-") for one in found.values()]


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

    def dies_while_it_soaks(ledger, release, stage, until):
        seen.append(until)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(climbing, "wait_for_soak", dies_while_it_soaks)
        for _ in range(2):
            assert run(tiny, changed).is_failed()
    name, facts = newest(site, tiny)
    assert production(site, tiny) == [name, "None"]
    assert seen[0] == seen[1] > datetime.now(UTC) + timedelta(minutes=50)
    (switched,) = facts_of(facts, Kind.SWITCHED, "production")
    assert (switched.body["wave"], switched.body["left"]) == (1, 1)

    monkeypatch.setattr(deploying, "datetime", AnHourLater)
    assert run(tiny, changed).name == "Succeeded"
    assert production(site, tiny) == [name, name]
    assert [fact.body["left"] for fact in facts_of(newest(site, tiny)[1], Kind.SWITCHED, "production")] == [1, 0]


def test_a_wave_that_fails_takes_back_those_before_it(site, tiny: Tiny) -> None:
    in_waves(tiny, soak_minutes=0)
    assert run(tiny, tiny.candidates()).name == "Succeeded"
    first, _ = newest(site, tiny)
    in_waves(tiny, soak_minutes=0.01, **CONFIRMED)
    tiny.give_data("after", "value\n1\n", ["A1"])
    tiny.give_data("after", "poison\n", ["B2"])
    state = run(tiny, tiny.candidates())
    assert state.name == "Rolled_back"
    assert production(site, tiny) == [first, first]
    _, facts = newest(site, tiny)
    kinds = [fact.kind for fact in facts if fact.stage == "production"]
    assert kinds.count(Kind.SWITCHED) == 1
    assert kinds.index(Kind.SWITCHED) < kinds.index(Kind.ROLLED_BACK)


def test_what_soaks_is_rolled_back_at_once_and_the_others_never_switch(
    site, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=0)
    run(tiny, tiny.candidates())
    first, _ = newest(site, tiny)
    in_waves(tiny, soak_minutes=60)

    def rolled_back_meanwhile(ledger, release, stage, until):
        assert production(site, tiny) == [release.name, first]
        rollback(tiny.name, "production", reason="the canary died", dry_run=False, release=release.name)
        began = datetime.now(UTC)
        wait_for_soak(ledger, release, stage, until)
        assert datetime.now(UTC) - began < timedelta(minutes=1)

    monkeypatch.setattr(climbing, "wait_for_soak", rolled_back_meanwhile)
    state = run(tiny, tiny.candidates())
    assert state.name == "Rolled_back"
    assert "the canary died" in (state.message or "")
    assert production(site, tiny) == [first, first]


def test_a_newer_release_that_came_while_it_soaked_stays(site, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    in_waves(tiny, soak_minutes=60)
    older, real = tiny.candidates(), wait_for_soak

    def overtaken(ledger, release_, stage, until):
        monkeypatch.setattr(climbing, "wait_for_soak", real)
        in_waves(tiny, soak_minutes=0)
        assert release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True).name == "Succeeded"

    monkeypatch.setattr(climbing, "wait_for_soak", overtaken)
    state = run(tiny, older)
    newer, _ = newest(site, tiny)
    assert state.name == "Superseded", state.message
    assert production(site, tiny) == [newer, newer]


def test_a_release_that_is_rejected_between_its_waves_takes_the_first_back(
    site, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=0)
    run(tiny, tiny.candidates())
    first, _ = newest(site, tiny)
    in_waves(tiny, soak_minutes=60)

    def declared_otherwise(ledger, release, stage, until):
        """What was approved is void, so the gate asks again."""
        in_waves(tiny, soak_minutes=1)
        monkeypatch.setattr(climbing, "wait_for_soak", wait_for_soak)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(climbing, "wait_for_soak", declared_otherwise)
        assert run(tiny, changed).is_failed()
    approver, _ = answering({"decision": "reject", "approver": "ada", "comment": "no more of it"})
    with approver:
        state = release(tiny.name, changed.to_json(), "linus", return_state=True)
    assert state.name == "Rejected"
    assert production(site, tiny) == [first, first]


def test_waiting_ends_when_the_soak_ends_or_the_release_is_held(site, tiny: Tiny) -> None:
    import prefect

    from flows.beginning import begin
    from flows.declared import declared_workload

    @prefect.flow
    def waited() -> tuple[float, float]:
        made = begin(site.ledger, tiny.candidates(), "linus")
        stage, began = declared_workload(tiny.name).stage("production"), datetime.now(UTC)
        wait_for_soak(site.ledger, made, stage, began + timedelta(seconds=2))
        soaked = datetime.now(UTC)
        record(site.ledger, tiny.name, made.name, Kind.HELD, {"stage": "production", "reason": "no"})
        wait_for_soak(site.ledger, made, stage, soaked + timedelta(hours=1))
        return (soaked - began).total_seconds(), (datetime.now(UTC) - soaked).total_seconds()

    soaked, held = waited()
    assert 2 <= soaked < 30
    assert held < 30
