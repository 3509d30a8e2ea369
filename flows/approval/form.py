"""Where people decide. A suspended run is no process: when somebody answers, the flow starts again from the top and comes back here."""

from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from prefect.input import RunInput
from pydantic import Field, ValidationError

from domain.approval.statement import MAX_COMMENT, Choice
from flows.approval.wait import wait_for

MAX_PROOF = 20_000
MOST_FIELDS = 20


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
    """What somebody typed, checked for its shape only."""

    choice: Choice
    approver: str
    proof: str
    comment: str

    @property
    def typed(self) -> tuple[str, ...]:
        """Every field: a code may stand in any."""
        return self.choice, self.approver, self.proof, self.comment


@dataclass(frozen=True)
class UnreadableAnswer:
    """Something came back that is no answer, and why. typed: its texts."""

    reasons: tuple[str, ...]
    typed: tuple[str, ...]


def ask(
    description: str, message: str, key: str, seconds: int, poll_seconds: float, break_glass: bool
) -> Answer | UnreadableAnswer | None:
    """Show the form and wait; None when the time ran out.

    description: markdown above the form. message: beside the run's state meanwhile. key: of this request and attempt; the server keeps the answer to a key, so
    that a run that starts again finds it there. poll_seconds: how often a run that waits in place looks for it.
    """
    form = ApprovalOrBreakGlass if break_glass else ApprovalForm
    sent = wait_for(form.with_initial_data(description=description), message, seconds, poll_seconds, key)
    if sent is None:
        return None
    try:
        given = form.model_validate(sent)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"[:300] for fault in error.errors()[:10])
        return UnreadableAnswer(tuple(faults), _texts(sent))
    return Answer(Choice(given.decision), given.approver.strip(), given.proof, given.comment.strip())


def _texts(sent: Any) -> tuple[str, ...]:
    fields = islice(sent.values(), MOST_FIELDS) if isinstance(sent, dict) else [sent]
    return tuple(field[:MAX_PROOF] for field in fields if isinstance(field, str))
