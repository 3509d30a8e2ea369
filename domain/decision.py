"""What an approver decided, over exactly which release."""

from collections.abc import Collection
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from domain.gate import Gate
from domain.moment import Moment


class Choice(StrEnum):
    """The two answers a gate takes."""

    APPROVE = "approve"
    REJECT = "reject"


class Decision(BaseModel):
    """One answer. release_digest: of the manifest that was shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: str
    stage: str
    release_digest: str
    choice: Choice
    approver: str = Field(max_length=200)
    comment: str = Field(max_length=4000)
    decided_at: Moment


def check_decision(decision: Decision, gate: Gate, members: Collection[str], release_digest: str) -> tuple[str, ...]:
    """Every reason why a decision does not count; none when it does."""
    reasons: list[str] = []
    if decision.gate != gate.name:
        reasons.append(f"it was given at {decision.gate}, and this is {gate.name}")
    if decision.release_digest != release_digest:
        reasons.append(f"it is about release {decision.release_digest}, and this one is {release_digest}")
    if decision.approver not in members:
        reasons.append(
            f"{decision.approver or 'nobody'} is not a member of {gate.group}; ask one of its members to decide"
        )
    if decision.choice is Choice.REJECT and not decision.comment.strip():
        reasons.append("a rejection needs a comment that says why")
    return tuple(reasons)
