"""How long to wait before looking again at what may be there at once, or take minutes."""

from collections.abc import Iterator

FIRST_SECONDS = 0.1
GROWTH = 1.5


def pauses(longest_seconds: float) -> Iterator[float]:
    """Seconds, each half as long again as the one before, up to the longest; without end."""
    seconds = min(FIRST_SECONDS, longest_seconds)
    while True:
        yield seconds
        seconds = min(seconds * GROWTH, longest_seconds)
