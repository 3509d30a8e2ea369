"""A small number of random histories; and attacks that a gate withstands, and that are found where it does not."""

import re
from collections.abc import Callable
from typing import Any

import fuzz
import pytest
from gate_machine import GateMachine, Hands
from history import UnapprovedError
from honest_history import honest_points

from domain.approval.statement import Choice
from domain.ledger.fact import Kind

HOURS = 3600
Attack = Callable[[GateMachine], None]
Plant = tuple[str, Callable[..., Any]]


@pytest.fixture(scope="module", autouse=True)
def honest_histories() -> None:
    """Made before anything is planted, for they are kept."""
    for circuits in (2, 3):
        for by_tokens in (False, True):
            honest_points(circuits, by_tokens)


def test_no_history_switches_what_nobody_approved() -> None:
    report = fuzz.play(100, number=1)
    assert report.counterexamples == []
    assert report.unapproved == 0
    assert report.seen[fuzz.NEEDED] > 5
    assert report.seen["switch production after tampering"] > 0


def nothing(*_: object) -> tuple[()]:
    return ()


def guess_and_approve(state: GateMachine) -> None:
    state.forge(which=0, name="ada", how="wrong code", choice=Choice.APPROVE, times=5)
    state.approve_together(which=0, way="code")


def approve_by_rhea(state: GateMachine) -> None:
    for name in ("rhea", "ada", "olga"):
        state.approve(which=0, name=name, way="ssh")


def ask_for_longer(state: GateMachine) -> None:
    state.ask_for_longer(days=0)
    state.wait(seconds=50 * HOURS)
    state.approve_together(which=0, way="ssh")


ATTACKS: dict[str, tuple[Attack, *tuple[Plant, ...]]] = {
    "nobody approves": (lambda state: None, ("domain.approval.verdict.missing_approvals", nothing)),
    "days later": (lambda state: state.wait(seconds=50 * HOURS), ("domain.approval.verdict._faults_of_time", nothing)),
    "at night": (lambda state: state.wait(seconds=10 * HOURS), ("domain.declaration.gate.Gate.closures", nothing)),
    "ada breaks the glass": (
        lambda state: state.break_glass(which=0, name="ada", way="ssh"),
        ("domain.approval.verdict._faults_of_person", lambda *_: []),
    ),
    "rhea approves what she requested": (
        approve_by_rhea,
        ("domain.approval.verdict._faults_of_separation", lambda *_: []),
    ),
    "ada's key is revoked": (
        lambda state: state.revoke(name="ada", way="ssh", enrolled_again=False),
        ("domain.approval.decision._revoked", lambda *_: ""),
    ),
    "somebody guesses": (guess_and_approve, ("weighing.locked_until", lambda *_: None)),
    "a fact is removed": (
        lambda state: state.remove(which=1, anew=False),
        ("domain.promotion.admission.chain_faults", nothing),
    ),
    "it has ended": (
        lambda state: state.append(kind=Kind.ENDED, stage="production", passed=False),
        ("domain.promotion.admission._over_or_held", nothing),
        ("domain.promotion.next_step.ending_of", lambda *_: None),
    ),
    "a request for longer": (ask_for_longer, ("domain.approval.request._ends_in_time", lambda *_: True)),
}
BY_TOKENS: tuple[Attack, Plant] = (
    lambda state: state.invent_decision(which=0, name=None, choice=Choice.APPROVE, now_proven=True),
    ("domain.approval.verdict.proved_another", lambda *_: False),
)


def unapproved(attack: Attack, hands: Hands, by_tokens: bool = False) -> int:
    """Attack an honest history at each of its points; at how many of them something unapproved is done."""
    found = 0
    for begun in range(len(honest_points(2, by_tokens))):
        state = GateMachine()
        state.begin(circuits=2, begun=begun, deployed=bool(begun % 2), hands=hands, by_tokens=by_tokens)
        try:
            attack(state)
            state.go_far(which=0, points=40)
            state.teardown()
        except UnapprovedError:
            found += 1
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_gate_withstands_and_one_that_does_not_is_found(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    how, *plants = ATTACKS[attack]
    assert unapproved(how, Hands.REWRITE) == 0
    for name, planted in plants:
        monkeypatch.setattr(name, planted)
    assert unapproved(how, Hands.REWRITE) > 0


def test_a_token_that_is_put_beside_another_statement_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    how, (name, planted) = BY_TOKENS
    assert unapproved(how, Hands.ADD, by_tokens=True) == 0
    monkeypatch.setattr(name, planted)
    assert unapproved(how, Hands.ADD, by_tokens=True) > 0


def test_a_gate_that_opens_for_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighing.why_not", lambda *_: ("no",))
    report = fuzz.play(100, number=1, shrink=False)
    assert report.unapproved == 0
    assert "NeedlessRefusalError" in report.counterexamples[0]


def test_the_command_says_how_it_ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert fuzz.main(["--histories", "10", "--workers", "1", "--seed", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "fuzz: 10 histories, 0 unapproved switches"
    monkeypatch.setattr("domain.approval.verdict.missing_approvals", nothing)
    assert fuzz.main(["--histories", "10", "--workers", "1", "--seed", "1"]) == 1
    printed = capsys.readouterr().out
    assert re.fullmatch(r"fuzz: 10 histories, [1-9] unapproved switches", printed.splitlines()[-1])
    assert "state.teardown()" in printed


def test_nothing_is_shown_where_nothing_switches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.batches", lambda histories, *_: [fuzz.Report(histories=histories)])
    assert fuzz.main(["--histories", "20"]) == 1
    assert "nothing was ever switched" in capsys.readouterr().out
