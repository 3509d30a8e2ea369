"""A request carries what is asked about, and until when; the newest that is about this release and stage stands."""

from datetime import timedelta
from typing import Any

import declared_stages
import pytest
from one_gate import MINUTE, REPORT, OneGate
from pydantic import ValidationError

from domain.approval.request import ApprovalRequest, doubts_of, open_request, read_request, statement_of
from domain.approval.statement import Choice
from domain.ledger.fact import Fact, Kind

SMALLER, LARGER = "sha256:" + "0" * 64, "sha256:" + "f" * 64


def standing(gate: OneGate) -> Fact | None:
    return open_request(gate.release, gate.stage, gate.facts)


def test_a_request_says_what_it_is_about_and_until_when() -> None:
    gate = OneGate(timeout_minutes=60, valid_minutes=30)
    request = ApprovalRequest.of(gate.release, gate.stage, REPORT, gate.now, "run 7")
    assert (request.stage, request.gate, request.release_digest) == (
        "production",
        "Production-Approval",
        gate.release.digest,
    )
    assert (request.report_digest, request.run, request.policy_digest) == (REPORT, "run 7", gate.stage.policy_digest)
    assert (request.answer_by, request.expires_at) == (gate.now + 60 * MINUTE, gate.now + 90 * MINUTE)
    assert request.policy == gate.stage.model_dump(mode="json")


def test_a_stage_without_a_gate_asks_nothing() -> None:
    gate = OneGate("test")
    with pytest.raises(ValueError, match="stage test has no gate"):
        ApprovalRequest.of(gate.release, gate.stage, REPORT, gate.now, "run")
    gate.add(Kind.ASKED, {**ApprovalRequest.of(gate.release, declared_stages.stages()[0], REPORT, gate.now, "").model_dump(mode="json"),
                          "stage": "test", "policy": gate.stage.model_dump(mode="json")})  # fmt: skip
    assert standing(gate) is None


def test_a_statement_binds_all_of_the_request() -> None:
    gate = OneGate()
    asked = gate.ask()
    request = read_request(asked)
    assert request is not None
    assert statement_of(asked, Choice.REJECT, "ada", "no").model_dump() == {
        "purpose": "signalbox approval 1",
        "workload": "plants",
        "release": "20251210.1",
        "release_digest": gate.release.digest,
        "stage": "production",
        "gate": "Production-Approval",
        "policy_digest": gate.stage.policy_digest,
        "report_digest": REPORT,
        "asked": asked.digest,
        "choice": Choice.REJECT,
        "approver": "ada",
        "comment": "no",
        "expires_at": request.expires_at,
    }


@pytest.mark.parametrize(
    ("approver", "comment"), [("", ""), ("a" * 201, ""), ("ada", "x" * 4001), ("ada", "ring \x07"), ("ada", "\x1b[2J")]
)
def test_a_name_or_comment_that_cannot_be_shown_makes_no_statement(approver: str, comment: str) -> None:
    asked = OneGate().ask()
    with pytest.raises(ValidationError):
        statement_of(asked, Choice.APPROVE, approver, comment)


def test_the_newest_request_stands() -> None:
    gate = OneGate()
    assert standing(gate) is None
    first = gate.ask()
    assert standing(gate) == first
    second = gate.ask()
    assert standing(gate) == second


@pytest.mark.parametrize(
    "changes",
    [
        {"release_digest": SMALLER},
        {"release_digest": LARGER},
        {"policy": {"name": "production"}},
        {"stage": "registry"},
        {"report_digest": "none"},
        {"more": "than a request has"},
    ],
    ids=["smaller release", "larger release", "policy", "stage", "unreadable", "unknown field"],
)
def test_a_request_about_something_else_does_not_stand(changes: dict[str, Any]) -> None:
    gate = OneGate()
    asked = gate.ask()
    gate.add(Kind.ASKED, {**asked.body, **changes})
    assert standing(gate) == asked


def test_a_request_in_a_fact_of_another_kind_does_not_stand() -> None:
    gate = OneGate()
    gate.add(Kind.NOTIFIED, ApprovalRequest.of(gate.release, gate.stage, REPORT, gate.now, "").model_dump(mode="json"))
    assert standing(gate) is None


@pytest.mark.parametrize(
    ("later", "expires", "stands"),
    [
        (0, 0, True),
        (-60, -60, True),
        (1, 0, False),
        (1, 1, False),
        (0, 1, False),
        (-60, 0, False),
        (0, -1, True),
        (-1, -60, True),
    ],
)
def test_a_request_that_is_open_longer_than_declared_does_not_stand(later: int, expires: int, stands: bool) -> None:
    gate = OneGate()
    request = ApprovalRequest.of(gate.release, gate.stage, REPORT, gate.now, "")
    seconds = timedelta(seconds=1)
    gate.ask(answer_by=request.answer_by + later * seconds, expires_at=request.expires_at + expires * seconds)
    assert (standing(gate) is not None) is stands


def test_a_request_that_was_written_down_late_stands() -> None:
    gate = OneGate()
    request = ApprovalRequest.of(gate.release, gate.stage, REPORT, gate.now, "")
    gate.now += MINUTE
    gate.add(Kind.ASKED, request.model_dump(mode="json"))
    assert standing(gate) is not None


def test_a_request_that_takes_the_number_of_a_replays_doubts_does_not_come_after_them() -> None:
    gate = OneGate()
    gate.add(Kind.REPLAYED, {"stage": "production", "verdict": "INCONCLUSIVE"})
    gate.ask()
    requested, doubts, asked = gate.facts
    assert open_request(gate.release, gate.stage, (requested, doubts, asked)) == asked
    same = asked.model_copy(update={"sequence": doubts.sequence})
    assert open_request(gate.release, gate.stage, (requested, doubts, same)) is None


@pytest.mark.parametrize("verdict", ["PASSED", "FAILED", "", None, 7])
def test_a_replay_with_any_other_verdict_leaves_no_doubts(verdict: object) -> None:
    gate = OneGate()
    asked = gate.ask()
    gate.add(Kind.REPLAYED, {"stage": "production", "verdict": verdict})
    assert doubts_of(gate.facts, "production") is None
    assert standing(gate) == asked


def test_what_is_no_request_is_not_read() -> None:
    gate = OneGate()
    assert read_request(gate.add(Kind.ASKED, {"stage": "production"})) is None
