"""How things end."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """One word for the end of a release or of one circuit's way."""

    SUCCEEDED = "SUCCEEDED"
    NOT_PROMOTED = "NOT_PROMOTED"
    """The champion is better: a green end."""
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    """A definite no."""
    ERRORED = "ERRORED"
    """Technical: run it again."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """People must look."""
    ABORTED = "ABORTED"
    SUPERSEDED = "SUPERSEDED"
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def is_green(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self in {Outcome.SUCCEEDED, Outcome.NOT_PROMOTED, Outcome.SUPERSEDED}


@dataclass(frozen=True)
class ReleaseOutcome:
    """The outcome, and why in one sentence."""

    outcome: Outcome
    reason: str
