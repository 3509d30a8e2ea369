"""Many things read at once."""

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

READERS = 16


def read_each(keys: Iterable[Key], read: Callable[[Key], Found]) -> dict[Key, Found]:
    """Key → what was read of it, in order; the first that raises ends all."""
    every = list(keys)
    with ThreadPoolExecutor(READERS, "reading") as pool:
        return dict(zip(every, pool.map(read, every), strict=True))
