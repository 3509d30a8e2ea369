"""How the predictions of two deployments differ, row by row, over the same input."""

from collections.abc import Mapping, Sequence
from math import fsum

from pydantic import BaseModel, ConfigDict

Key = tuple[str, ...]
"""What tells one row from another: its columns other than the prediction."""
Answers = Mapping[Key, float]
"""What one deployment predicted; NaN where it wrote no number."""

LARGEST = 1e100
"""A number beyond it is no prediction, and sums of such would overflow."""
NOISE = 1e-12
"""Part of the largest champion's prediction below which a spread is rounding, not spread."""
MOST_SPREADS = 1e6
"""A shift of more spreads than this is told as this many."""


class Shift(BaseModel):
    """Candidate − champion, in the unit of the prediction, over the rows for which both gave a usable number.

    rows: those rows. spread: from the 5th to the 95th percentile of the champion's predictions, so that a few wild ones
    hide nothing. mean, median: of the shift, with its sign. p95, largest: of its absolute value. moved: rows that moved by
    more than was declared. lost, extra: rows that only the champion, only the candidate answered. unusable: rows where the
    candidate gave no usable number and the champion did. champion_unusable: rows where the champion gave none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    spread: float
    mean: float
    median: float
    p95: float
    largest: float
    moved: int
    lost: int
    extra: int
    unusable: int
    champion_unusable: int

    @property
    def moved_share(self) -> float:
        """Of the compared rows, 0 to 1."""
        return self.moved / self.rows if self.rows else 0.0

    def spreads(self, amount: float) -> float | None:
        """An amount as a multiple of the champion's spread; None where the champion has no spread to measure with."""
        if amount == 0:
            return 0.0
        return min(abs(amount) / self.spread, MOST_SPREADS) if self.spread > 0 else None


def usable(number: float) -> bool:
    """Whether it is a number that can be compared: neither NaN nor infinite nor absurd."""
    return abs(number) <= LARGEST


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many per cent of the values do not exceed (nearest rank)."""
    return ascending[max(0, -(-percent * len(ascending) // 100) - 1)]


def paired(candidate: Answers, champion: Answers) -> list[tuple[float, float]]:
    """Champion's and candidate's prediction of each row that both gave a usable number for, in order of the keys."""
    both = sorted(candidate.keys() & champion.keys())
    pairs = [(champion[key], candidate[key]) for key in both]
    return [(theirs, ours) for theirs, ours in pairs if usable(theirs) and usable(ours)]


def spaced(pairs: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most so many pairs, evenly through the order of their shifts: their distribution and both ends are kept."""
    ordered = sorted(pairs, key=lambda pair: (pair[1] - pair[0], pair))
    if len(ordered) <= most:
        return ordered
    return [ordered[position * (len(ordered) - 1) // (most - 1)] for position in range(most)]


def shift_of(candidate: Answers, champion: Answers, moved_by: float) -> Shift:
    """The shift between two deployments' answers. moved_by: in spreads, from where on a row counts as moved."""
    pairs = paired(candidate, champion)
    both = candidate.keys() & champion.keys()
    shifts = sorted(ours - theirs for theirs, ours in pairs)
    sizes = sorted(map(abs, shifts))
    spread = _spread(sorted(theirs for theirs, _ in pairs))
    return Shift(
        rows=len(pairs),
        spread=spread,
        mean=fsum(shifts) / len(shifts) if shifts else 0.0,
        median=percentile(shifts, 50) if shifts else 0.0,
        p95=percentile(sizes, 95) if sizes else 0.0,
        largest=sizes[-1] if sizes else 0.0,
        moved=sum(size > moved_by * spread for size in sizes),
        lost=len(champion) - len(both),
        extra=len(candidate) - len(both),
        unusable=sum(usable(champion[key]) and not usable(candidate[key]) for key in both),
        champion_unusable=sum(not usable(number) for number in champion.values()),
    )


def _spread(ascending: Sequence[float]) -> float:
    if not ascending:
        return 0.0
    spread = percentile(ascending, 95) - percentile(ascending, 5)
    return spread if spread > NOISE * max(abs(ascending[0]), abs(ascending[-1])) else 0.0
