"""Runs jobs (RUN2 writes this file; this one only lets the emulator start)."""

from typing import Any


class Executor:
    """Takes no jobs."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def shutdown(self) -> None:
        """Nothing runs."""
