"""A terminal's input, and an eye on whether anybody still waits for it."""

import select
import sys
from collections.abc import Callable
from io import TextIOBase
from typing import TextIO, cast

LOOKED_EVERY = 1.0
"""Seconds between two looks while nobody types."""


class NoLongerWaitedForError(Exception):
    """Nobody waits for the answer any longer; the message says why."""


class WatchedInput(TextIOBase):
    """Lines of a terminal. gone: why nobody waits for them any longer, or "" while somebody does."""

    def __init__(self, terminal: TextIO, gone: Callable[[], str]) -> None:
        self._terminal, self._gone = terminal, gone

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # without its end, as `input` gives it
        """What somebody typed. EOFError at the end of the input; NoLongerWaitedForError when nobody waits for it."""
        while not select.select([self._terminal], [], [], LOOKED_EVERY)[0]:
            if why := self._gone():
                raise NoLongerWaitedForError(why)
        line = self._terminal.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


def watched(gone: Callable[[], str]) -> TextIO | None:
    """This process's terminal; None where its input is none, which has an end of its own."""
    return cast("TextIO", WatchedInput(sys.stdin, gone)) if sys.stdin.isatty() else None
