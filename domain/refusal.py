"""An answer that did not count, as the ledger keeps it: who is said to have given it, and why it was refused."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from domain.fact import Fact, Kind, facts_of
from domain.one_time_code import MAX_WRONG_CODES


class Refusal(BaseModel):
    """The body of a `refused` fact. approver: as typed, shortened. wrong_code: a one-time code that was none of theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    gate: str
    approver: str = Field(max_length=200)
    reasons: tuple[str, ...] = Field(min_length=1)
    wrong_code: bool = False


def is_locked(facts: Sequence[Fact], stage: str, approver: str) -> bool:
    """Whether so many wrong codes came under this name that the gate takes no answer from it any more."""
    refusals = facts_of(facts, Kind.REFUSED, stage)
    wrong = [fact for fact in refusals if fact.body.get("approver") == approver and fact.body.get("wrong_code") is True]
    return len(wrong) >= MAX_WRONG_CODES
