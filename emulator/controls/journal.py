"""What was asked and answered: the last requests, bounded."""

from collections import deque
from dataclasses import dataclass

KEPT = 20_000
CUT = 0
"""The status of a request whose connection was cut by a fault."""


@dataclass(frozen=True)
class Entry:
    """One request. at: UTC, ISO 8601. milliseconds: of the server's own work."""

    at: str
    method: str
    host: str
    path: str
    status: int
    milliseconds: float


class Journal:
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> None:
        """Write one down."""
        self._entries.append(entry)

    def entries(self) -> list[Entry]:
        """All that are kept."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget them."""
        self._entries.clear()
