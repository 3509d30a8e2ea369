"""Where people decide. A suspended run is no process: when somebody answers, the flow starts again from the top and comes back here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.input import RunInput
from pydantic import Field, ValidationError

from domain.approval.statement import MAX_COMMENT, Choice
from flows.approval.wait import wait_for

MAX_PROOF = 20_000
RESUMED = "Resuming"
"""The state that the server gives a suspended run when it takes an answer."""


class ApprovalForm(RunInput):
    """The form that an approver fills in."""

    decision: Literal["approve", "reject"] = Field(
        description="approve lets the release continue; reject ends it (open the list by its arrow)"
    )
    approver: str = Field(min_length=1, max_length=200, description="your name, as the environment lists it")
    proof: str = Field(
        min_length=1,
        max_length=MAX_PROOF,
        description="that it is you: the code of your authenticator, an SSH signature, or an Entra ID token",
    )
    comment: str = Field(default="", max_length=MAX_COMMENT, description="why; a rejection needs one")


class ApprovalOrBreakGlass(ApprovalForm):
    """The form where the gate's declaration names who may break the glass."""

    decision: Literal["approve", "reject", "break-glass"] = Field(  # type: ignore[assignment]  # one answer more
        description="approve lets the release continue; reject ends it; break-glass passes at once, with proof and reason"
    )


@dataclass(frozen=True)
class Answer:
    """What somebody typed, checked for its shape only. given_at: when the server took it, which may be minutes ago."""

    choice: Choice
    approver: str
    proof: str
    comment: str
    given_at: datetime


@dataclass(frozen=True)
class UnreadableAnswer:
    """Something came back that is no answer, and why."""

    reasons: tuple[str, ...]


def ask(
    description: str, message: str, key: str, seconds: int, poll_seconds: float, break_glass: bool
) -> Answer | UnreadableAnswer | None:
    """Show the form and wait; None when the time ran out.

    description: markdown above the form. message: beside the run's state meanwhile. key: of this request and attempt; the server keeps the answer to a key, so
    that a run that starts again finds it there. poll_seconds: how often a run that waits in place looks for it.
    """
    form = ApprovalOrBreakGlass if break_glass else ApprovalForm
    try:
        given = wait_for(form.with_initial_data(description=description), message, seconds, poll_seconds, key)
    except ValidationError as error:
        return UnreadableAnswer(
            tuple(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"[:300] for fault in error.errors()[:10])
        )
    if given is None:
        return None
    return Answer(Choice(given.decision), given.approver.strip(), given.proof, given.comment.strip(), _given_at())


def _given_at() -> datetime:
    """When the run was resumed, by the server's clock: until a suspended run is at its gate again, a code has expired."""
    run = runtime.flow_run.id
    if run is None or not runtime.deployment.id:
        return datetime.now(UTC)
    with get_client(sync_client=True) as client:
        resumed = [state.timestamp for state in client.read_flow_run_states(UUID(str(run))) if state.name == RESUMED]
    return max(resumed, default=datetime.now(UTC))
