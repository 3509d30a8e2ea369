"""What a candidate takes the place of."""

from dataclasses import dataclass
from datetime import date

from domain.candidate.changed_circuits import ChangedCircuit


@dataclass(frozen=True)
class Champion:
    """What serves a circuit, or is the newest in the registry. name: in words, such as `version 2 (deployment-20251210-1)`.

    model, version: of its model; empty where nothing of ours is there. release: that deployed it. cutoff: the last day of its data, where that is known.
    fault: why it could not serve again.
    """

    name: str
    version: str = ""
    model: str = ""
    release: str = ""
    cutoff: date | None = None
    fault: str = ""

    def is_newer_than(self, candidate: ChangedCircuit) -> bool:
        """Whether it was trained on later data."""
        return self.cutoff is not None and self.cutoff > candidate.cutoff_date


def written_day(text: str | None) -> date | None:
    """The day in a tag; None where there is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
