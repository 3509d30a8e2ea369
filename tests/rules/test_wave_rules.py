"""Canaries switch first and soak; the others follow, or nobody does. (On Azure's emulator: tests/flows/test_waves.py.)"""

from datetime import UTC, datetime, timedelta

import prefect
import pytest
from begun import begin
from tiny import APPROVE, CONFIRMED, WARY
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, facts_of
from flows.promotion import advance
from flows.rollback import rollback
from flows.rollout.soak import wait_for_soak
from tasks.ledger.facts import record
from tasks.workloads import declared_workload


def in_waves(tiny: TinyTwin, soak_minutes: float, **stage: object) -> None:
    """A1 is the canary."""
    waves = [{"circuits": [f"{tiny.plant}/A1"], "soak_minutes": soak_minutes}, {"circuits": "rest"}]
    tiny.declare(score=WARY, production={"waves": waves, **stage})


def test_a_wave_that_fails_takes_back_those_before_it(twins: Twins, tiny: TinyTwin) -> None:
    in_waves(tiny, soak_minutes=0)
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    first, _ = twins.newest(tiny)
    in_waves(tiny, soak_minutes=0.01, **CONFIRMED)
    tiny.give_data("after", "value\n1\n", ["A1"])
    tiny.give_data("after", "poison\n", ["B2"])
    assert twins.release(tiny, tiny.candidates()).name == "Rolled_back"
    assert twins.serving(tiny, "production") == [first, first]
    kinds = [fact.kind for fact in twins.facts(tiny) if fact.stage == "production"]
    assert kinds.count(Kind.SWITCHED) == 1
    assert kinds.index(Kind.SWITCHED) < kinds.index(Kind.ROLLED_BACK)


def test_what_soaks_is_rolled_back_at_once_and_the_others_never_switch(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=0)
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    in_waves(tiny, soak_minutes=60)

    def rolled_back_meanwhile(ledger, release, stage, until):
        assert twins.serving(tiny, "production") == [release.name, first]
        rollback(tiny.name, "production", reason="the canary died", dry_run=False, release=release.name)
        began = datetime.now(UTC)
        wait_for_soak(ledger, release, stage, until)
        assert datetime.now(UTC) - began < timedelta(minutes=1)

    monkeypatch.setattr(advance, "wait_for_soak", rolled_back_meanwhile)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Rolled_back"
    assert "the canary died" in (state.message or "")
    assert twins.serving(tiny, "production") == [first, first]


def test_a_newer_release_that_came_while_it_soaked_stays(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=60)
    older, real = tiny.candidates(), wait_for_soak

    def overtaken(ledger, release, stage, until):
        monkeypatch.setattr(advance, "wait_for_soak", real)
        in_waves(tiny, soak_minutes=0)
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"

    monkeypatch.setattr(advance, "wait_for_soak", overtaken)
    state = twins.release(tiny, older)
    newer, _ = twins.newest(tiny)
    assert state.name == "Superseded", state.message
    assert twins.serving(tiny, "production") == [newer, newer]


def test_a_release_that_is_rejected_between_its_waves_takes_the_first_back(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=0)
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    in_waves(tiny, soak_minutes=60)

    def declared_otherwise(ledger, release, stage, until):
        """What was approved is void, so the gate asks again."""
        in_waves(tiny, soak_minutes=1)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(advance, "wait_for_soak", declared_otherwise)
        assert twins.release(tiny, changed).is_failed()
    assert twins.serving(tiny, "production") == [twins.newest(tiny)[0], first]
    state = twins.release(tiny, changed, {"decision": "reject", "approver": "ada", "comment": "no more of it"})
    assert state.name == "Rejected"
    assert twins.serving(tiny, "production") == [first, first]


def test_waiting_ends_when_the_soak_ends_or_the_release_is_held(twins: Twins, tiny: TinyTwin) -> None:
    @prefect.flow
    def waited() -> tuple[float, float]:
        made = begin(twins.ledger, tiny.candidates(), "linus")
        stage, began = declared_workload(tiny.name).stage("production"), datetime.now(UTC)
        wait_for_soak(twins.ledger, made, stage, began + timedelta(seconds=2))
        soaked = datetime.now(UTC)
        record(twins.ledger, tiny.name, made.name, Kind.HELD, {"stage": "production", "reason": "no"})
        wait_for_soak(twins.ledger, made, stage, soaked + timedelta(hours=1))
        return (soaked - began).total_seconds(), (datetime.now(UTC) - soaked).total_seconds()

    soaked, held = waited()
    assert 2 <= soaked < 30
    assert held < 30


def test_a_run_that_dies_between_two_waves_goes_on_with_the_second(twins: Twins, tiny: TinyTwin) -> None:
    in_waves(tiny, soak_minutes=0)
    changed = tiny.candidates()
    twins.places["production"].troubles.add("dies before", "switch", "-b2$")
    with twins.power.failing():
        twins.release(tiny, changed)
    name, facts = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [name, "None"]
    assert [fact.body["left"] for fact in facts_of(facts, Kind.SWITCHED, "production")] == [1]
    assert twins.release(tiny, changed, APPROVE).name == "Succeeded"
    assert twins.serving(tiny, "production") == [name, name]
    assert [fact.body["left"] for fact in facts_of(twins.facts(tiny), Kind.SWITCHED, "production")] == [1, 0]
