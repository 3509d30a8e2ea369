"""How fast a service may be asked: fewer requests at once whenever it refuses, a little more while all is well.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), which is fair to others who do the same. Times are
seconds of one clock that only goes forward; they and the chance come in as arguments.
"""

from dataclasses import dataclass, replace
from math import inf

START = 16
"""Requests at once while nothing is known."""
MOST = 64
"""However well it goes."""
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds after a refusal that does not say how long; doubled from one to the next."""
JITTER = 0.25
"""Share of a wait that is added at most, by chance, so that processes do not come back in the same instant."""
CALM_SECONDS = 60.0
"""Without a refusal for so long after the last wait, a service throttles no more."""


@dataclass(frozen=True)
class Pacing:
    """What is known of one service.

    limit: requests at once, with a fraction. not_before: no request until then. cut_at: when the limit was last cut.
    refused_rounds: refusals since something was answered, one for all that were under way together. throttled_since:
    when it began to throttle; infinity while it does not.
    """

    limit: float = START
    not_before: float = -inf
    cut_at: float = -inf
    refused_rounds: int = 0
    throttled_since: float = inf

    @property
    def at_once(self) -> int:
        """Requests that may be under way together: at least one."""
        return int(self.limit)

    @property
    def throttled(self) -> bool:
        """Whether it has refused lately."""
        return self.throttled_since < inf

    def refused(self, sent: float, now: float, asked: float | None, chance: float) -> "Pacing":
        """After "too many requests". asked: seconds it wants us to wait, if it said. chance: from 0 to 1, for jitter.

        Only a request sent after the last cut cuts again: the others say what is known already.
        """
        cut = sent >= self.cut_at
        rounds = self.refused_rounds + cut
        wait = asked if asked is not None else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(rounds - 1, 16))
        return Pacing(
            limit=max(1.0, self.limit / 2) if cut else self.limit,
            not_before=max(self.not_before, now + wait * (1 + JITTER * chance)),
            cut_at=now if cut else self.cut_at,
            refused_rounds=rounds,
            throttled_since=min(self.throttled_since, now),
        )

    def answered(self, sent: float, now: float, under_way: int) -> "Pacing":
        """After a request that was served. under_way: how many were, this one included.

        A limit that is not used tells nothing, so it grows only when half of it is.
        """
        if sent < self.cut_at:
            return self
        grown = min(MOST, self.limit + 1 / self.limit) if 2 * under_way >= self.at_once else self.limit
        if self.throttled and now >= self.not_before + CALM_SECONDS:
            return Pacing(limit=max(grown, START))
        return replace(self, limit=grown, refused_rounds=0)
