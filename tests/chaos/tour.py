"""The boundaries of a run: which were visited, and which come next."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from killing import Boundary


def boundaries_of(sent: Iterable[tuple[str, int]]) -> tuple[Boundary, ...]:
    """Before and after each of these requests, in their order."""
    return tuple(Boundary(step, nth, after) for step, nth in sent for after in (False, True))


class Tour:
    """Boundaries in the order of a run; draws spread evenly over them and go where nobody was yet."""

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        self.boundaries = tuple(boundaries)
        self.visits: Counter[Boundary] = Counter()
        self._drawn: Counter[Boundary] = Counter()

    def draw(self, number: int, chance: random.Random) -> list[Boundary]:
        """So many, in order: one out of each of as many equal parts, and there of those that were visited least."""
        number = min(number, len(self.boundaries))
        cuts = [len(self.boundaries) * part // number for part in range(number + 1)]
        parts = [self.boundaries[start:end] for start, end in pairwise(cuts)]
        chosen = [self._least_visited(part, chance) for part in parts]
        self._drawn.update(chosen)
        return chosen

    def _least_visited(self, part: Sequence[Boundary], chance: random.Random) -> Boundary:
        """Drawn and not reached counts, too: what this fleet cannot reach does not keep others from their turn."""
        least = min((self.visits[one], self._drawn[one]) for one in part)
        return chance.choice([one for one in part if (self.visits[one], self._drawn[one]) == least])
