"""A small number of random histories, and proof that the machine finds a gate that does not hold."""

from collections.abc import Callable
from typing import Any

import fuzz
import pytest
from history import UnapprovedError
from honest_history import honest_points

MANY = 600
"""Histories in which a planted fault must show; it shows in far fewer."""


@pytest.fixture(scope="session", autouse=True)
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


PLANTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "whatever it is about": ("domain.approval._faults_of_subject", lambda *_: []),
    "whenever it was given": ("domain.approval._faults_of_time", lambda *_: []),
    "whoever approved": ("domain.approval._faults_of_person", lambda *_: []),
    "however few approved": ("domain.approval.missing_approvals", lambda *_: ()),
    "whoever had a part in it": ("domain.approval._faults_of_separation", lambda *_: []),
    "at any hour": ("domain.gate.Gate.closures", lambda *_: iter(())),
    "by a revoked key": ("domain.decision._revoked", lambda *_: ""),
    "after five wrong codes": ("domain.approval.is_locked", lambda *_: False),
    "by a token that was used": ("domain.approval._takes_token_of", lambda *_: False),
    "for as long as one likes": ("domain.ask._ends_in_time", lambda *_: True),
    "by a ledger that was touched": ("domain.admission.chain_faults", lambda *_: ()),
    "after the release has ended": ("domain.admission._over_or_held", lambda *_: ()),
}


@pytest.mark.parametrize("fault", PLANTS)
def test_a_gate_that_does_not_hold_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, planted = PLANTS[fault]
    monkeypatch.setattr(name, planted)
    report = fuzz.play(MANY, number=1, shrink=False)
    assert report.unapproved == 1
    assert UnapprovedError.__name__ in report.counterexamples[0]


@pytest.mark.parametrize("name", ["why_not", "is_locked"])
def test_a_gate_that_opens_for_nobody_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"domain.approval.{name}", lambda *_: ("no",))
    report = fuzz.play(MANY, number=1, shrink=False)
    assert report.unapproved == 0
    assert "NeedlessRefusalError" in report.counterexamples[0]


def test_the_command_says_how_it_ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert fuzz.main(["--histories", "20", "--workers", "1", "--seed", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "fuzz: 20 histories, 0 unapproved switches"
    monkeypatch.setattr("domain.approval.missing_approvals", lambda *_: ())
    assert fuzz.main(["--histories", "20", "--workers", "1", "--seed", "1"]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "fuzz: 20 histories, 1 unapproved switches"
    assert "state.teardown()" in printed


def test_nothing_is_shown_where_nothing_switches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz.play", lambda histories, _: fuzz.Report(histories=histories))
    monkeypatch.setattr("fuzz.batches", lambda histories, *_: [fuzz.Report(histories=histories)])
    assert fuzz.main(["--histories", "20"]) == 1
    assert "nothing was ever switched" in capsys.readouterr().out
