"""Canaries switch first and soak; the others follow, or nobody does. (On Azure's emulator: tests/flows/rollout/test_waves.py.)"""

import re
import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import prefect
import pytest
from begun import begin
from tiny import APPROVE, CONFIRMED, WARY
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, facts_of
from domain.promotion.next_step import SOAKS
from flows import expire
from flows.approval import gate
from flows.deploy_version import deploy_version
from flows.promotion import advance
from flows.rollback import rollback
from flows.rollout import deploy
from flows.rollout.wait import wait_until
from flows.stage import admit
from tasks.ledger.facts import record
from tasks.workloads import declared_workload


def in_waves(tiny: TinyTwin, soak_minutes: float, gate: dict[str, Any] | None = None, **stage: object) -> None:
    """A1 is the canary."""
    waves = [{"circuits": [f"{tiny.plant}/A1"], "soak_minutes": soak_minutes}, {"circuits": "rest"}]
    tiny.declare(score=WARY, production_gate=gate, production={"waves": waves, **stage})


def test_a_wave_that_fails_rolls_back_those_before_it(twins: Twins, tiny: TinyTwin) -> None:
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

    def rolled_back_meanwhile(ledger, release, stage, until, why):
        assert twins.serving(tiny, "production") == [release.name, first]
        rollback(tiny.name, "production", reason="the canary died", dry_run=False, release=release.name)
        began = datetime.now(UTC)
        wait_until(ledger, release, stage, until, why)
        assert datetime.now(UTC) - began < timedelta(minutes=1)

    monkeypatch.setattr(advance, "wait_until", rolled_back_meanwhile)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Rolled_back"
    assert "the canary died" in (state.message or "")
    assert twins.serving(tiny, "production") == [first, first]


def test_a_newer_release_that_came_while_it_soaked_stays(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=60)
    older, real = tiny.candidates(), wait_until

    def overtaken(ledger, release, stage, until, why):
        monkeypatch.setattr(advance, "wait_until", real)
        in_waves(tiny, soak_minutes=0)
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"

    monkeypatch.setattr(advance, "wait_until", overtaken)
    state = twins.release(tiny, older)
    newer, _ = twins.newest(tiny)
    assert state.name == "Superseded", state.message
    assert twins.serving(tiny, "production") == [newer, newer]


def test_a_release_that_is_rejected_between_its_waves_rolls_the_first_back(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_waves(tiny, soak_minutes=0)
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    in_waves(tiny, soak_minutes=60)

    def declared_otherwise(ledger, release, stage, until, why):
        """What was approved is void, so the gate asks again."""
        in_waves(tiny, soak_minutes=1)
        raise RuntimeError("the power fails")

    changed = tiny.candidates()
    with monkeypatch.context() as patched:
        patched.setattr(advance, "wait_until", declared_otherwise)
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
        wait_until(twins.ledger, made, stage, began + timedelta(seconds=2), "it soaks")
        soaked = datetime.now(UTC)
        record(twins.ledger, tiny.name, made.name, Kind.HELD, {"stage": "production", "reason": "no"})
        wait_until(twins.ledger, made, stage, soaked + timedelta(hours=1), "it soaks")
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


class Later(datetime):
    """A clock that a test sets forward."""

    by = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain datetime, as everywhere
        return datetime.now(tz) + cls.by


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> type[Later]:
    """Of whoever carries, admits, asks, and closes what nobody answered."""
    monkeypatch.setattr(Later, "by", timedelta())
    for module in (advance, admit, gate, expire):
        monkeypatch.setattr(module, "datetime", Later)
    return Later


def test_an_approval_lasts_until_the_last_wave_though_its_windows_close_meanwhile_and_gates_are_closed_from_outside(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch, later: type[Later]
) -> None:
    """The canary soaks into a night in which nothing may change; then the others follow, and nobody is asked again."""
    begun = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None, microsecond=0)
    hours = {"windows": [{"starts": begun.isoformat(), "rule": "FREQ=DAILY", "minutes": 480}], "valid_minutes": 2880}
    in_waves(tiny, soak_minutes=34 * 60, gate=hours)
    waited = []

    def slept(ledger, release, stage, until, why):
        waited.append(why)
        assert len(waited) < 3
        later.by = until - datetime.now(UTC) + timedelta(seconds=1)
        assert expire.expire(dry_run=False) == []

    monkeypatch.setattr(advance, "wait_until", slept)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Succeeded", state.message
    assert waited == [SOAKS, waited[-1]]
    assert "outside the stage's windows; the next one opens at" in waited[-1]
    name, facts = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [name, name]
    assert len([fact for fact in facts if fact.kind is Kind.ASKED and fact.stage == "production"]) == 1


def test_what_was_approved_too_long_ago_ends_between_its_waves_with_the_true_reason_and_leaves_no_half_of_a_fleet(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch, later: type[Later]
) -> None:
    in_waves(tiny, soak_minutes=0)
    twins.release(tiny, tiny.candidates())
    first, _ = twins.newest(tiny)
    in_waves(tiny, soak_minutes=60)

    def forgotten(ledger, release, stage, until, why):
        """For three days, in which gates are closed that nobody answered."""
        later.by = timedelta(days=3)
        assert expire.expire(dry_run=False) == []

    monkeypatch.setattr(advance, "wait_until", forgotten)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Expired", state.message
    assert re.search(r"did not open in time: the approval by \w+ is void: it expired at", state.message or "")
    assert twins.serving(tiny, "production") == [first, first]


def test_what_is_approved_and_closed_for_good_ends_and_is_not_asked_for_ever(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch, later: type[Later]
) -> None:
    """The stage's last window closes while the canary soaks; the approval would be valid for another day."""
    begun = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None, microsecond=0)
    once = {"windows": [{"starts": begun.isoformat(), "minutes": 480}], "valid_minutes": 2880}
    in_waves(tiny, soak_minutes=60, gate=once)

    def slept(ledger, release, stage, until, why):
        later.by = timedelta(days=2)

    monkeypatch.setattr(advance, "wait_until", slept)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Expired", state.message
    assert "outside the stage's windows; none follows" in (state.message or "")
    assert twins.serving(tiny, "production") == ["None", "None"]


def canaries(tiny: TinyTwin, fleet: str, soak_minutes: float, **stage: object) -> None:
    """A1 and B2 before C3."""
    waves = [{"circuits": [f"{tiny.plant}/{name}" for name in ("A1", "B2")], "soak_minutes": soak_minutes}]
    tiny.declare(score=WARY, fleet=fleet, production={"waves": [*waves, {"circuits": "rest"}], **stage})


@pytest.fixture
def three(twins: Twins, tiny: TinyTwin) -> str:
    """A fleet of three that serves; its release."""
    tiny.circuits = ("A1", "B2", "C3")
    tiny.declare(score=WARY)
    tiny.give_test_data()
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    return twins.newest(tiny)[0]


def test_what_is_overtaken_in_one_circuit_while_it_soaks_takes_the_others_back(
    twins: Twins, tiny: TinyTwin, three: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries(tiny, "all_or_none", soak_minutes=60)

    def chosen(ledger, release, stage, until, why):
        monkeypatch.setattr(advance, "wait_until", lambda *_: None)
        words = {"workload": tiny.name, "circuit": f"{tiny.plant}/A1", "version": "1", "stage": "production"}
        with twins.answering(APPROVE):
            state = deploy_version(**words, requested_by="linus", older=True, return_state=True)
        assert state.name == "Succeeded", state.message

    monkeypatch.setattr(advance, "wait_until", chosen)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Superseded"
    assert "What this release had switched is rolled back" in (state.message or "")
    newest = twins.names(tiny)[0]
    assert twins.serving(tiny, "production") == [newest, three, three]


def test_of_independent_circuits_the_only_one_of_a_later_wave_fails_alone(
    twins: Twins, tiny: TinyTwin, three: str
) -> None:
    canaries(tiny, "independent", soak_minutes=0, **CONFIRMED)
    tiny.give_data("after", "value\n1\n", ["A1", "B2"])
    tiny.give_data("after", "poison\n", ["C3"])
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Succeeded", state.message
    assert "without 1 of 3 circuits: TINY/C3" in (state.message or "")
    name, facts = twins.newest(tiny)
    assert twins.serving(tiny, "production") == [name, name, three]
    assert [list(fact.body["units"]) for fact in facts_of(facts, Kind.DROPPED)] == [["TINY/C3"]]


@pytest.mark.parametrize("fleet", ["all_or_none", "independent"])
def test_one_canary_that_a_person_takes_back_takes_its_fleet_with_it_unless_circuits_are_independent(
    twins: Twins, tiny: TinyTwin, three: str, monkeypatch: pytest.MonkeyPatch, fleet: str
) -> None:
    canaries(tiny, fleet, soak_minutes=60)

    def taken_back(ledger, release, stage, until, why):
        rollback(tiny.name, "production", circuits=[f"{tiny.plant}/A1"], reason="bad", dry_run=False)

    monkeypatch.setattr(advance, "wait_until", taken_back)
    state = twins.release(tiny, tiny.candidates())
    assert state.name == "Rolled_back"
    name, _ = twins.newest(tiny)
    other = three if fleet == "all_or_none" else name
    assert twins.serving(tiny, "production") == [three, other, three]


def test_a_wave_soaks_from_when_it_is_confirmed(twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch) -> None:
    in_waves(tiny, soak_minutes=0.05, **CONFIRMED)
    tiny.give_data("after", "value\n1\n", ["A1", "B2"])
    real = deploy.confirm

    def slow(*arguments):
        time.sleep(2)
        return real(*arguments)

    monkeypatch.setattr(deploy, "confirm", slow)
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    canary, _ = facts_of(twins.facts(tiny), Kind.SWITCHED, "production")
    assert datetime.fromisoformat(canary.body["soaks_until"]) >= canary.at + timedelta(seconds=3 - 1)
