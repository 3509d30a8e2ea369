"""How a release stands, by its facts alone: one row a situation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import declared_stages
import pytest
from one_gate import OneGate

from domain.approval.approvers import EnrolledApprovers
from domain.approval.statement import Choice
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.declaration.window import Window
from domain.ledger.fact import Kind
from domain.outcome import Outcome
from domain.promotion.release_state import ReleaseState, WaitingGate, needing_somebody, quarantined, release_state

ONE, TWO = "PLANT001/CIRCUIT01", "PLANT001/CIRCUIT02"
AFTER = {"after": {"be-1": "new", "be-2": "new"}}


def stages() -> tuple[Stage, ...]:
    return declared_stages.stages("one approval")


def stated(gate: OneGate, now: datetime | None = None) -> ReleaseState:
    asked: list[Gate] = []

    def approvers(of: Gate) -> EnrolledApprovers:
        asked.append(of)
        return gate.approvers

    return release_state(gate.facts, stages(), approvers, now or gate.now)


def begun(stage: str = "production") -> OneGate:
    return OneGate(stage, "one approval")


def served(gate: OneGate, *names: str) -> OneGate:
    for name in names:
        gate.add(Kind.SWITCHED, {"stage": name, **AFTER})
    return gate


def verified(gate: OneGate) -> OneGate:
    gate.add(Kind.VERIFIED, {"stage": "registry", "passed": True})
    return gate


def ended(gate: OneGate, outcome: str, reason: str = "so it is") -> OneGate:
    gate.add(Kind.ENDED, {"outcome": outcome, "reason": reason})
    return gate


def arrived() -> OneGate:
    return ended(served(verified(begun()), "test", "production"), "SUCCEEDED")


def kept(gate: OneGate) -> OneGate:
    """From the stage, though nothing was rolled back."""
    gate.add(Kind.HELD, {"stage": "production", "reason": "it hums"})
    return gate


def rolled_back(gate: OneGate, stage: str = "production", held: str = "it hums") -> OneGate:
    gate.add(Kind.ROLLED_BACK, {"stage": stage, "to": {}})
    if held:
        gate.add(Kind.HELD, {"stage": stage, "reason": held})
    return gate


@pytest.mark.parametrize(
    ("gate", "words", "serves", "badly"),
    [
        (begun, "under way", False, False),
        (lambda: verified(begun()), "under way", False, False),
        (lambda: served(verified(begun()), "test"), "under way", False, False),
        (arrived, "SUCCEEDED", True, False),
        (lambda: ended(begun(), "NOT_PROMOTED"), "NOT_PROMOTED", False, False),
        (lambda: ended(begun(), "SUPERSEDED"), "SUPERSEDED", False, False),
        (lambda: ended(begun(), "REJECTED"), "REJECTED", False, True),
        (lambda: ended(begun(), "ABORTED"), "ABORTED", False, True),
        (lambda: ended(begun(), "in good spirits"), "ERRORED", False, True),
        (lambda: ended(ended(begun(), "REJECTED"), "SUCCEEDED"), "REJECTED", False, True),
        (lambda: kept(begun()), "under way, held", False, True),
        (lambda: kept(arrived()), "SUCCEEDED, held", False, True),
        (lambda: rolled_back(arrived()), "SUCCEEDED, rolled back at production, held", False, True),
        (lambda: rolled_back(arrived(), held=""), "SUCCEEDED, rolled back at production", False, True),
        (lambda: rolled_back(arrived(), "test"), "SUCCEEDED, rolled back at test, held", False, True),
        (lambda: served(rolled_back(arrived(), held=""), "production"), "SUCCEEDED", True, False),
        (
            lambda: ended(rolled_back(served(verified(begun()), "test"), "test"), "ROLLED_BACK"),
            "ROLLED_BACK, held",
            False,
            True,
        ),
    ],
)
def test_a_release_stands_as_its_facts_say(gate: Callable[[], OneGate], words: str, serves: bool, badly: bool) -> None:
    state = stated(gate())
    assert (str(state), state.serves, state.ended_badly) == (words, serves, badly)
    assert needing_somebody([state]) == ((state,) if badly else ())


def test_what_is_told_of_a_release_is_what_its_last_and_its_first_fact_hold() -> None:
    gate = ended(verified(begun()), "FAILED", "test: the columns differ")
    state = stated(gate)
    assert (state.release, state.circuits) == (gate.release.name, (ONE, TWO))
    assert (state.outcome, state.reason) == (Outcome.FAILED, "test: the columns differ")
    assert (state.stage, state.at, state.last_fact) == ("", gate.now - timedelta(minutes=1), "ended")
    last = stated(served(verified(begun()), "test"))
    assert (last.stage, last.last_fact, last.outcome, last.reason) == ("test", "switched", None, "")


def test_a_gate_waits_for_who_is_missing_until_its_time_is_up() -> None:
    gate = served(verified(begun()), "test").approved()
    state = stated(gate)
    until = gate.now - timedelta(minutes=1) + timedelta(minutes=gate.stage.gate.timeout_minutes)  # type: ignore[union-attr]
    assert state.waits == WaitingGate(
        "production", "Production-Approval", ("1 more of ml-engineers must approve",), until
    )
    assert str(state) == "waits at Production-Approval"
    assert not state.ended_badly
    assert needing_somebody([state]) == (state,)


@pytest.mark.parametrize(
    "gate",
    [
        lambda: served(verified(begun()), "test").approved("emil"),
        lambda: served(served(verified(begun()), "test").approved(), "production"),
        lambda: ended(served(verified(begun()), "test").approved(), "ABORTED"),
        lambda: served(verified(begun()), "test"),
    ],
    ids=["approved", "passed all the same", "ended", "nobody was asked"],
)
def test_a_gate_that_was_answered_passed_or_never_asked_waits_for_nobody(gate: Callable[[], OneGate]) -> None:
    assert stated(gate()).waits is None


def test_a_gate_that_was_refused_waits_no_more() -> None:
    gate = served(verified(begun()), "test").approved()
    gate.decide("emil", Choice.REJECT, "it drifts")
    assert stated(gate).waits is None


def test_a_gate_whose_time_is_up_is_overdue_and_needs_somebody_still() -> None:
    gate = served(verified(begun()), "test").approved()
    waits = stated(gate).waits
    assert waits is not None
    assert not stated(gate, waits.answer_by).waits.overdue  # type: ignore[union-attr]
    late = stated(gate, waits.answer_by + timedelta(seconds=1))
    assert late.waits == replace(waits, overdue=True)
    assert str(late) == "nobody decided at Production-Approval in time"
    assert needing_somebody([late]) == (late,)
    gate.add(Kind.SWITCHED, {"stage": "production", **AFTER, "left": 1})
    half = stated(gate, waits.answer_by + timedelta(seconds=1))
    assert half.waits == replace(waits, overdue=True, part_switched=True)


def test_of_a_manifest_that_was_changed_no_gate_waits_and_no_circuit_is_told() -> None:
    gate = OneGate("production", "one approval")
    changed = gate.facts[0].model_copy(update={"body": {**gate.facts[0].body, "digest": "sha256:" + "0" * 64}})
    state = release_state((changed, *gate.facts[1:]), stages(), lambda _: gate.approvers, gate.now)
    assert (state.circuits, state.waits, str(state)) == ((), None, "under way")


def test_a_hold_that_a_person_ended_needs_nobody() -> None:
    gate = rolled_back(arrived())
    assert stated(gate).held == "production: it hums"
    gate.add(Kind.UNHELD, {"by": "ada", "reason": "mended"})
    state = stated(gate)
    assert (state.held, state.unheld, state.ended_badly) == ("", True, False)
    everywhere = begun()
    everywhere.add(Kind.HELD, {"reason": "recalled"})
    assert stated(everywhere).held == "every stage: recalled"
    assert not stated(everywhere).unheld


def test_circuits_that_failed_while_the_others_went_on_are_told() -> None:
    gate = verified(begun())
    gate.add(Kind.DROPPED, {"stage": "test", "units": {TWO: "it hums"}})
    state = stated(ended(served(gate, "test", "production"), "SUCCEEDED"))
    assert (state.failed, state.serves) == ((TWO,), True)
    assert str(state) == "SUCCEEDED, without 1 of 2 circuits"
    assert state.ended_badly


def test_a_release_in_quarantine_says_so_and_needs_somebody() -> None:
    state = quarantined("20251210.1", "fact 3 is not a fact")
    assert (state.release, str(state), state.fault) == ("20251210.1", "in quarantine", "fact 3 is not a fact")
    assert needing_somebody([state]) == (state,)
    assert not state.serves


def test_a_gate_that_is_approved_and_closed_for_now_is_not_overdue() -> None:
    """Nobody has to answer any more; what waits goes on by itself when the stage may change."""
    freezes = (Window(starts="2020-01-01T00:00", rule="FREQ=DAILY", minutes=1440),)
    (*below, production) = stages()
    assert production.gate is not None
    frozen = production.model_copy(update={"gate": production.gate.model_copy(update={"freezes": freezes})})
    gate = served(verified(begun()), "test")
    gate.stage = frozen
    gate.approved("emil")
    waits = release_state(gate.facts, (*below, frozen), lambda _: gate.approvers, gate.now).waits
    assert waits is not None
    late = release_state(gate.facts, (*below, frozen), lambda _: gate.approvers, waits.answer_by + timedelta(hours=1))
    assert late.waits is not None
    assert (late.waits.overdue, late.waits.approved, late.waits.part_switched) == (False, True, False)
    assert str(late) == "approved at Production-Approval, and closed for now"
    assert needing_somebody([late]) == ()


SERVES = ReleaseState("new", outcome=Outcome.SUCCEEDED, circuits=(ONE, TWO), serves=True)
BAD = ReleaseState("old", outcome=Outcome.FAILED, circuits=(ONE, TWO))


@pytest.mark.parametrize(
    ("newest_first", "needing"),
    [
        ((SERVES, BAD), ()),
        ((BAD, SERVES), (BAD,)),
        ((replace(SERVES, circuits=(ONE,)), BAD), (BAD,)),
        ((replace(SERVES, circuits=(TWO,)), replace(SERVES, circuits=(ONE,)), BAD), ()),
        ((replace(SERVES, failed=(TWO,)), BAD), (replace(SERVES, failed=(TWO,)), BAD)),
        ((SERVES, replace(SERVES, failed=(TWO,))), ()),
        ((replace(SERVES, circuits=(TWO,)), replace(SERVES, failed=(TWO,))), ()),
        ((replace(SERVES, circuits=(ONE,)), replace(SERVES, failed=(TWO,))), (replace(SERVES, failed=(TWO,)),)),
        ((BAD, BAD), (BAD, BAD)),
        ((replace(SERVES, circuits=(ONE,)), replace(BAD, failed=(ONE,))), (replace(BAD, failed=(ONE,)),)),
        ((SERVES, replace(SERVES, outcome=Outcome.INCONCLUSIVE)), ()),
        ((SERVES, replace(BAD, circuits=())), (replace(BAD, circuits=()),)),
        ((SERVES, replace(BAD, failed=(TWO,), circuits=(ONE, TWO))), ()),
    ],
)
def test_a_later_release_makes_up_for_an_earlier_one_where_it_serves_all_of_its_circuits(
    newest_first: tuple[ReleaseState, ...], needing: tuple[ReleaseState, ...]
) -> None:
    assert needing_somebody(newest_first) == needing


def test_one_that_waits_needs_somebody_whatever_serves() -> None:
    waits = WaitingGate("production", "Production-Approval", ("ada",), declared_stages.START)
    waiting = ReleaseState("old", circuits=(ONE,), waits=waits)
    assert needing_somebody([SERVES, waiting]) == (waiting,)
