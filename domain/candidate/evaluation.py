"""Is the candidate better than the champion?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Direction(StrEnum):
    """Which way a metric gets better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True)
class Judgement:
    """The answer, and the reason in one sentence."""

    better: bool
    reason: str


class Evaluation(BaseModel):
    """How candidate and champion are compared, on the same rows.

    margin: by how much, in the metric's unit, the candidate must be better. limit: the worst value acceptable at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(min_length=1)
    direction: Direction
    margin: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    limit: float | None = Field(default=None, allow_inf_nan=False)

    def judge(self, candidate: Mapping[str, object], champion: Mapping[str, object] | None) -> Judgement:
        """A candidate without a finite metric never wins; without a champion, one within the limit does.

        candidate, champion: metrics as the evaluate step wrote them, so they are not trusted to be numbers.
        """
        ours = _finite(candidate.get(self.metric))
        if ours is None:
            return Judgement(False, f"the candidate has no finite {self.metric}")
        if self.limit is not None and self._gain(ours, self.limit) < 0:
            return Judgement(False, f"{self.metric} {ours:.4g} is worse than the limit {self.limit:.4g}")
        if champion is None:
            return Judgement(True, f"there is no champion yet; {self.metric} {ours:.4g}")
        theirs = _finite(champion.get(self.metric))
        if theirs is None:
            return Judgement(
                False, f"the champion has no finite {self.metric} on these rows, so nothing can be compared"
            )
        gain = self._gain(ours, theirs)
        compared = f"{self.metric} {ours:.4g} against the champion's {theirs:.4g}"
        if gain > self.margin:
            return Judgement(True, f"{compared}: better by {gain:.4g}")
        if gain > 0:
            return Judgement(False, f"{compared}: better by only {gain:.4g}, and the margin is {self.margin:.4g}")
        return Judgement(False, f"{compared}: not better")

    def _gain(self, ours: float, theirs: float) -> float:
        return theirs - ours if self.direction is Direction.MINIMIZE else ours - theirs


def _finite(value: object) -> float | None:
    """The number, if it is one that can be compared; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
