"""Every command that only looks answers people and, with --json, programs: one document, whose keys its help names, without a secret."""

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import typer.main
from rich.text import Text

from deployments.answers import answer as told
from deployments.answers.admission import admission_answer
from deployments.answers.answer import CommandAnswer, tell
from deployments.answers.audit import audit_answer
from deployments.answers.credentials import credentials_answer
from deployments.answers.doctor import doctor_answer
from deployments.answers.models import models_answer
from deployments.answers.rollback import rollback_answer
from deployments.answers.status import status_answer
from deployments.cli import app
from deployments.screen import Screen
from domain.approval.audit import Audit, Entry
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator, new_secret, verification_key
from domain.ledger.fact import Fact, Kind
from domain.promotion.release_state import ReleaseState, WaitingGate
from domain.rollout.diagnosis import Finding
from domain.rollout.served import Served, StageServed

NOON = datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=UTC)
EVIL = "it \x1b[2J hums \u202e"
COMMANDS: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})
SECRET = new_secret()
FACT = Fact.after(None, workload="plants", release="20260102.1", kind=Kind.REQUESTED, at=NOON, body={})
ENTRY = Entry(3, NOON, "production", "approve", "ada", EVIL, "ssh SHA256:x", "", "")
GATE = WaitingGate("production", "Production-Approval", ("1 more must approve",), NOON)
CODE = CodeGenerator(secret_block="approver-1", public_key=verification_key(SECRET), enrolled_at=NOON)
ANSWERS = {
    "status": status_answer(
        "plants",
        [StageServed("production", (Served("P/A"),), "")],
        [ReleaseState("20260102.1", "production", NOON, "asked", waits=GATE)],
    ),
    "doctor": doctor_answer("plants", [Finding("x", EVIL, "mend it", "test")], []),
    "why": admission_answer("plants", "20260102.1", "production", [EVIL]),
    "audit": audit_answer([FACT], Audit((ENTRY,), 1, (), {"laptop": 1}), ["fact 0 is gone"]),
    "models": models_answer(
        "shared", [("m", "1", {"cutoff_date": "2025-12-31", "release_id": "20260102.1", "x": EVIL})]
    ),
    "rollback": rollback_answer(
        "plants", "production", [{"circuit": "P/A", "endpoint": "e", "from": "a", "to": "b"}], False
    ),
    "enrol": credentials_answer(Enrolment(name="ada", aliases=("a@example.org",), credentials=(CODE,))),
}


def printed(
    answer: CommandAnswer, as_json: bool, monkeypatch: pytest.MonkeyPatch, width: int = 40, terminal: bool = False
) -> str:
    file = io.StringIO()
    screen = Screen(file=file, width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(told, "console", screen)
    tell(answer, as_json)
    return file.getvalue()


def keys(value: object) -> set[str]:
    """Of a document, at every depth; but names that are data."""
    if isinstance(value, dict):
        return set(value) | {key for name, one in value.items() if name != "tags" for key in keys(one)}
    return {key for one in value for key in keys(one)} if isinstance(value, list) else set()


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("terminal", [True, False])
def test_json_is_one_document_whatever_it_says(name: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(ANSWERS[name], True, monkeypatch, terminal=terminal)
    assert isinstance(json.loads(text), dict)
    assert text.isascii()


@pytest.mark.parametrize("name", ANSWERS)
def test_the_help_names_every_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(printed(ANSWERS[name], True, monkeypatch))
    words = set(re.findall(r"[a-z_]+", COMMANDS[name].help.partition("--json:")[2]))
    assert keys(document) - words == set()
    assert any("--json" in one.opts for one in COMMANDS[name].params)


def test_a_text_from_outside_comes_whole_to_a_program_and_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert json.loads(printed(ANSWERS["why"], True, monkeypatch))["reasons"] == [EVIL]
    assert "\x1b" not in printed(ANSWERS["why"], False, monkeypatch)


def test_times_are_utc_with_z(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(printed(ANSWERS["status"], True, monkeypatch))
    assert document["releases"][0]["at"] == "2026-01-02T12:00:00Z"
    assert document["releases"][0]["waits"]["answer_by"] == "2026-01-02T12:00:00Z"


def test_no_secret_and_no_place_of_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(ANSWERS["enrol"], True, monkeypatch) + printed(ANSWERS["enrol"], False, monkeypatch)
    assert SECRET not in text
    assert "approver-1" not in text


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_person_is_told_without_frames_or_cuts(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(ANSWERS[name], False, monkeypatch, width, terminal=True)
    assert not set(text) & set("│┃━─…")
    for word in ("20260102.1", "HAUTEBORNE", "SHA256:x"):
        assert word not in "".join(str(one) for one in ANSWERS[name].shown if isinstance(one, Text)) or word in text


def test_an_audit_says_its_faults_and_the_end_of_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "FAULT fact 0 is gone" in printed(ANSWERS["audit"], False, monkeypatch)
    whole = audit_answer([FACT], Audit((), 0, (), {}), ())
    assert f"newest fact 0 is {FACT.digest}" in printed(whole, False, monkeypatch)
    assert FACT.digest in printed(whole, False, monkeypatch, terminal=True)


def test_nothing_found_is_said_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no model in shared carries these tags" in printed(models_answer("shared", []), False, monkeypatch)
    assert "nothing to do" in printed(rollback_answer("plants", "test", [], True), False, monkeypatch)
    assert json.loads(printed(rollback_answer("plants", "test", [], True), True, monkeypatch))["done"] is False
