"""How a release ends."""

from dataclasses import dataclass

from domain.outcome import Outcome


@dataclass(frozen=True)
class Ending:
    """The outcome, and why in one sentence."""

    outcome: Outcome
    reason: str
