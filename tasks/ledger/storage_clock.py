"""The storage service's clock: what several machines agree on, whatever their own clocks say."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any


class StorageClock:
    """Now, by the service's last answer and the time that has passed since. Of an answer's Date, to the second.

    Until there is an answer with a Date, and where a service sends none, it is this machine's clock.
    """

    def __init__(self) -> None:
        self._answered: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """In UTC."""
        if self._answered is None:
            return datetime.now(UTC)
        at, then = self._answered
        return at + timedelta(seconds=time.monotonic() - then)

    def look(self, response: Any) -> None:
        """Set it by an answer of the service: a `raw_response_hook` of its SDK."""
        date = response.http_response.headers.get("Date")
        if date:
            self._answered = (parsedate_to_datetime(date), time.monotonic())
