"""When so many wrong one-time codes came that somebody may be guessing: the authenticator takes no code for a while.

Of a million codes three are right at a time (RFC 6238, section 5.2). Who stays below the lock, with a try every four minutes,
finds one in two and a half years on average.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

MAX_WRONG_CODES = 5
WITHIN = timedelta(minutes=15)
LOCKED_FOR = timedelta(hours=1)


def locked_until(wrong: Iterable[datetime], now: datetime) -> datetime | None:
    """Until when an authenticator takes no code; None when it takes one now. wrong: when wrong ones came, at any gate."""
    moments = sorted(wrong)
    ends = [
        last + LOCKED_FOR
        for first, last in zip(moments, moments[MAX_WRONG_CODES - 1 :], strict=False)
        if last - first <= WITHIN
    ]
    return ends[-1] if ends and now < ends[-1] else None
