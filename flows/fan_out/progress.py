"""How far a fan-out is, as people see it move on the run's page, or at the terminal of the command that carries the run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from prefect.artifacts import create_progress_artifact, update_progress_artifact

if TYPE_CHECKING:
    from uuid import UUID

UPDATED_EVERY = 1.0
"""Seconds: a bar that moves more often costs and shows no more."""


class Progress:
    """A progress artifact: `deploy at production: 430 of 1,000 circuits, 2 failed`."""

    def __init__(self, step: str, total: int) -> None:
        self._step, self._total, self._done, self._failed = step, total, 0, 0
        key = "progress-" + "".join(char if char.isalnum() else "-" for char in step.lower())
        self._artifact = cast("UUID", create_progress_artifact(0.0, key=key, description=self.text))
        self._updated = time.monotonic()
        self._tell()

    @property
    def text(self) -> str:
        """In words."""
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"{self._step}: {self._done:,} of {self._total:,} circuits{failed}"

    @property
    def finished(self) -> bool:
        """Whether every circuit is done, or has failed."""
        return self._done == self._total

    def count(self, failed: bool) -> None:
        """One circuit more."""
        self._done += 1
        self._failed += failed
        now = time.monotonic()
        if self.finished or now - self._updated >= UPDATED_EVERY:
            update_progress_artifact(self._artifact, 100 * self._done / self._total, description=self.text)
            self._updated = now
        self._tell()

    def _tell(self) -> None:
        for watcher in _watchers:
            watcher(self)


Watcher = Callable[[Progress], None]
_watchers: list[Watcher] = []


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell it every move of every fan-out of this process while the body runs."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
