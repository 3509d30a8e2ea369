"""The approver against runs that really wait, on a real server."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import pytest
from prefect import flow, pause_flow_run
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.input import RunInput
from pydantic import Field

from deployments.approval.form_client import (
    FIELDS,
    Approver,
    Decide,
    FormAnswer,
    Pending,
    form_of,
    own_runs,
    waiting_runs,
)
from deployments.approval.prompts import EvidenceMarkdown, NotAcceptedError, at_terminal, demo
from deployments.laptop.laptop import Laptop
from deployments.screen import Screen
from domain.approval.statement import Choice
from flows.approval.form import ApprovalForm

pytestmark = pytest.mark.usefixtures("laptop")
NAME = f"waits in process {os.getpid()}"
"""Of the runs of this file, as one worker runs it."""


class Form(RunInput):
    decision: Literal["approve", "reject"]
    approver: str = Field(min_length=1)
    proof: str = Field(min_length=1)
    comment: str = ""


@flow(flow_run_name=NAME)
def waits(evidence: str, seconds: int = 60) -> str:
    form = pause_flow_run(wait_for_input=Form.with_initial_data(description=evidence), timeout=seconds, poll_interval=1)
    return f"{form.decision} by {form.approver} ({form.proof}): {form.comment}"


@flow(flow_run_name=NAME)
def asks_for_nothing() -> None:
    pause_flow_run(timeout=3, poll_interval=1)


@dataclass(frozen=True)
class Signing:
    """Somebody whose signature says what was signed."""

    name: str = "demo-approver"

    def evidence(self, pending: Pending) -> str:
        return pending.evidence

    def proof(self, pending: Pending, choice: Choice, comment: str) -> str:
        return f"signed {choice}"


def screen(width: int = 200) -> Screen:
    return Screen(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


def shown(console: Screen) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def ours(decide: Decide) -> Decide:
    """Leaves the forms of other tests, whose runs wait on the same server."""
    return lambda pending: decide(pending) if pending.run_name == NAME else None


def deciding(*answers: FormAnswer) -> tuple[Decide, list[Pending]]:
    asked: list[Pending] = []

    def decide(pending: Pending) -> FormAnswer | None:
        asked.append(pending)
        return answers[len(asked) - 1]

    return decide, asked


def test_a_form_is_asked_with_its_evidence_and_the_answer_reaches_the_flow() -> None:
    decide, asked = deciding({"decision": "reject", "approver": "ada", "proof": "123456", "comment": "rmse got worse"})
    with Approver(ours(decide), poll_seconds=0.2):
        assert waits("| circuit | rmse |") == "reject by ada (123456): rmse got worse"
    assert [pending.evidence for pending in asked] == ["| circuit | rmse |"]
    assert asked[0].form["properties"]["decision"]["enum"] == ["approve", "reject"]


def test_an_answer_that_the_form_refuses_is_asked_again_with_the_reason() -> None:
    decide, asked = deciding(
        {"decision": "approve", "approver": "", "proof": "1"},
        {"decision": "approve", "approver": "grace", "proof": "1"},
    )
    with Approver(ours(decide), poll_seconds=0.2):
        assert waits("evidence") == "approve by grace (1): "
    assert asked[0].refusal == ""
    assert "approver" in asked[1].refusal


def test_the_demo_approver_approves_and_says_so() -> None:
    console = screen()
    with Approver(ours(demo(Signing(), console)), poll_seconds=0.2):
        assert waits("# All of it") == "approve by demo-approver (signed approve): approved by the demo approver"
    assert "All of it" in shown(console)
    assert "approves this as 'demo-approver'" in shown(console)


def test_the_demo_approver_stops_the_wait_when_its_answer_does_not_count() -> None:
    decide = demo(Signing("mallory"), screen())
    with (
        pytest.raises(NotAcceptedError, match="'mallory' was not accepted: mallory is not in ml-engineers"),
        Approver(ours(decide)),
    ):
        waits("**Not accepted:** mallory is not in ml-engineers\n\nevidence")


def test_the_terminal_shows_the_evidence_and_asks_for_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    console, lines = screen(), iter(["approved", "approve", " ada ", "looks good", " 123456 "])
    monkeypatch.setattr("builtins.input", lambda *_: next(lines))
    with Approver(ours(at_terminal(console)), poll_seconds=0.2):
        assert waits("## Four circuits") == "approve by ada (123456): looks good"
    assert "Four circuits" in shown(console)
    assert "Please select one of the available options" in shown(console)


def test_a_terminal_asks_no_longer_once_the_gate_was_answered_elsewhere(nobody_types: None) -> None:
    console = screen()
    asks = at_terminal(console)

    def decide(pending: Pending) -> FormAnswer | None:
        with ThreadPoolExecutor() as elsewhere:
            elsewhere.submit(answer_once_asked, pending)
            return asks(pending)

    def answer_once_asked(pending: Pending) -> None:
        while "decision [approve/reject]" not in shown(console):
            time.sleep(0.1)
        with get_client(sync_client=True) as client:
            client.resume_flow_run(
                pending.run_id,
                run_input={"decision": "reject", "approver": "grace", "proof": "1", "comment": "elsewhere"},
            )

    with Approver(ours(decide), poll_seconds=0.2):
        assert waits("evidence") == "reject by grace (1): elsewhere"
    assert f"{NAME} no longer waits for a decision here: it was answered elsewhere. Nothing was sent." in shown(console)


def test_a_terminal_asks_no_longer_once_the_time_is_up(nobody_types: None) -> None:
    console = screen()
    with Approver(ours(at_terminal(console)), poll_seconds=0.2), pytest.raises(Exception, match="never resumed"):
        waits("evidence", 4)
    assert "no longer waits for a decision here: " in shown(console)


def test_a_narrow_terminal_leaves_nothing_out_of_the_evidence() -> None:
    console = screen(24)
    console.print(EvidenceMarkdown("| circuit | change |\n|---|---|\n| HAUTEBORNE/R80711 | nothing → version 1 |"))
    assert "…" not in shown(console)
    assert "circuit  HAUTEBORNE/R80711\n" in shown(console)


def test_a_terminal_without_input_says_where_to_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    with (
        pytest.raises(NotAcceptedError, match=r"nobody can be asked here.*Prefect UI"),
        Approver(ours(at_terminal(screen()))),
    ):
        waits("evidence")


def test_a_run_that_waits_for_no_form_is_left_alone(laptop: Laptop) -> None:
    decide, asked = deciding()
    with Approver(ours(decide), poll_seconds=0.2), pytest.raises(Exception, match="paused and never resumed"):
        asks_for_nothing()
    assert asked == []


def test_the_approver_knows_the_fields_of_the_gates_form() -> None:
    assert ApprovalForm.model_fields.keys() == FIELDS


def test_the_terminal_signs_for_whom_it_has_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    console, lines = screen(), iter(["approve", "", "fine"])
    monkeypatch.setattr("builtins.input", lambda *_: next(lines))
    with Approver(ours(at_terminal(console, Signing())), poll_seconds=0.2):
        assert waits("evidence") == "approve by demo-approver (signed approve): fine"


def test_only_the_given_runs_are_asked_about() -> None:
    decide, asked = deciding()
    with (
        Approver(ours(decide), runs=[uuid4()], poll_seconds=0.2),
        pytest.raises(Exception, match="paused and never resumed"),
    ):
        waits.with_options(name="not-ours")("evidence", 3)
    assert asked == []


def test_a_command_answers_the_run_that_it_started_and_leaves_another_s_waiting() -> None:
    """Another release's gate waits on the same server, and was there first."""
    decide, asked = deciding({"decision": "approve", "approver": "ada", "proof": "1"})
    with ThreadPoolExecutor() as elsewhere:
        other = elsewhere.submit(waits, "another workload's release", 12)
        while not any(form.evidence.startswith("another") for form in waiting_forms()):
            time.sleep(0.1)
        with own_runs() as tag, Approver(decide, poll_seconds=0.2, tag=tag):
            assert waits("ours") == "approve by ada (1): "
        with pytest.raises(Exception, match="paused and never resumed"):
            other.result()
    assert [pending.evidence for pending in asked] == ["ours"]


def waiting_forms() -> list[Pending]:
    with get_client(sync_client=True) as client:
        return [form for run in waiting_runs(client, FlowRunFilter()) if (form := form_of(client, run)) is not None]
