"""An answer that did not count, as the ledger keeps it: who is said to have given it, and why it was refused."""

from pydantic import BaseModel, ConfigDict, Field

from domain.utc import Moment


class InvalidAnswer(BaseModel):
    """The body of a `refused` fact. approver: as typed, shortened. wrong_code: a one-time code that was none of theirs.

    locked_until: it was one too many, and their authenticator takes no code before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    gate: str
    approver: str = Field(max_length=200)
    reasons: tuple[str, ...] = Field(min_length=1)
    wrong_code: bool = False
    locked_until: Moment | None = None
