"""Who holds a stage: one at a time, each with a higher fencing token than everyone before."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from domain.utc import Moment

DURATION = timedelta(seconds=60)
"""How long a holder that died keeps others out. A living one renews its lease again and again."""
MARGIN = timedelta(seconds=15)
"""A holder trusts its lease no longer than this before its end: for a step under way, and for clocks that differ."""


class Lease(BaseModel):
    """A lease as it is stored.

    fence: the fencing token, higher at every taking, so that a holder that wakes up late is known (Kleppmann, "How to do distributed
    locking", 2016). taking: unlike every other, so that a holder knows its own writing again after a lost answer.
    ledgers: releases whose switch of this stage may have been left half done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: str = Field(min_length=1)
    taking: str = Field(min_length=1)
    fence: int = Field(ge=1)
    until: Moment
    ledgers: tuple[str, ...] = ()

    def keeps_out(self, holder: str, now: datetime) -> bool:
        """Whether somebody else may not take it; the same release takes its own lease again at once."""
        return self.holder != holder and now < self.until

    def is_trusted(self, now: datetime) -> bool:
        """Whether its holder may act without asking storage."""
        return now < self.until - MARGIN

    def renewed(self, now: datetime) -> "Lease":
        """For another while."""
        return self.model_copy(update={"until": now + DURATION})

    def ended(self, now: datetime) -> "Lease":
        """Given back: whoever comes next takes it at once, and learns what may be left half done."""
        return self.model_copy(update={"until": now})

    def about(self, ledgers: tuple[str, ...]) -> "Lease":
        """Naming the releases whose switch begins."""
        return self.model_copy(update={"ledgers": ledgers})


def next_lease(before: Lease | None, holder: str, taking: str, now: datetime) -> Lease:
    """The lease of a new holder. Fencing tokens follow the clock, so that they rise even where a lease was lost."""
    fence = max(before.fence + 1 if before is not None else 1, int(now.timestamp()))
    ledgers = before.ledgers if before is not None else ()
    return Lease(holder=holder, taking=taking, fence=fence, until=now + DURATION, ledgers=ledgers)
