"""Where people decide. The only file that knows that a deployed run suspends and a run started by hand pauses.

A suspended run is no process: when somebody answers, the flow starts again from the top and comes back here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from prefect import get_run_logger, pause_flow_run, runtime, suspend_flow_run
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput
from pydantic import Field

from domain.decision import Choice, Decision, check_decision
from domain.gate import Gate

POLL_SECONDS = 1
"""How often a run that waits in place asks the server whether somebody answered."""


class Approval(RunInput):
    """The form that an approver fills in."""

    decision: Literal["approve", "reject"] = Field(description="approve lets the release go on; reject ends it")
    approver: str = Field(min_length=1, max_length=200, description="your name, as the environment lists it")
    comment: str = Field(default="", max_length=4000, description="why; a rejection needs one")


@dataclass(frozen=True)
class Question:
    """What is asked: a gate of a stage, over exactly one release.

    evidence: markdown shown above the form. expires_at: UTC, after which nobody is asked any more.
    """

    gate: Gate
    stage: str
    release_digest: str
    evidence: str
    members: frozenset[str]
    expires_at: datetime


def ask(question: Question) -> Decision | None:
    """The first decision that counts; None when the time ran out.

    An answer that does not count (a name outside the group, a rejection without a reason) is explained in the form and
    asked again, under a new key, because the server keeps the answer to the old one.
    """
    logger = get_run_logger()
    refusals: tuple[str, ...] = ()
    attempt = 0
    while True:
        attempt += 1
        remaining = int((question.expires_at - datetime.now(UTC)).total_seconds())
        if remaining <= 0:
            return None
        answer = _wait(question, refusals, remaining, key=f"{question.stage}-{question.release_digest[-12:]}-{attempt}")
        if answer is None:
            return None
        decision = Decision(
            gate=question.gate.name,
            stage=question.stage,
            release_digest=question.release_digest,
            choice=Choice(answer.decision),
            approver=answer.approver.strip(),
            comment=answer.comment.strip(),
            decided_at=datetime.now(UTC),
        )
        refusals = check_decision(decision, question.gate, question.members, question.release_digest)
        if not refusals:
            return decision
        logger.warning("Gate %s does not accept this answer: %s", question.gate.name, "; ".join(refusals))


def _wait(question: Question, refusals: tuple[str, ...], seconds: int, key: str) -> Approval | None:
    description = question.evidence
    if refusals:
        description = "**Not accepted:** " + "; ".join(refusals) + "\n\n" + description
    form = Approval.with_initial_data(description=description)
    if runtime.deployment.id:
        return suspend_flow_run(wait_for_input=form, timeout=seconds, key=key)
    try:
        return pause_flow_run(wait_for_input=form, timeout=seconds, poll_interval=POLL_SECONDS, key=key)
    except FlowPauseTimeout:
        return None
