"""The one display of a command's progress: on a terminal a line that moves, elsewhere plain lines."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.live import Live
from rich.text import Text

from blocks.clients.sdk_noise import is_verbose
from deployments.screen import styled
from deployments.table import Table
from domain.shown import shown

if TYPE_CHECKING:
    from flows.fan_out.progress import Progress

Given = TypeVar("Given")
Result = TypeVar("Result")

FRAMES, A_SECOND = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 8
"""What turns in front of the line that moves, and how fast."""
ALIVE_EVERY = 30.0
"""Seconds after which a step that takes long says so where no line moves."""


class Steps:
    """Tells which step a command is at, how far it is, and how long it took."""

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console
        self._name = self._part = ""
        self._parts: dict[int, float] = {}
        self._started = 0.0
        self._live: Live | None = None
        self._held = threading.Event()
        self._moves = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step: announced when it starts, seen to be alive, timed when it ends."""
        self._name, self._part, self._started = name, "", time.monotonic()
        moves = self._console.is_terminal and not is_verbose()
        if not moves:
            self._say(f"→ {name} …", "bold")
        try:
            with self._moving() if moves else self._repeated():
                yield
        except BaseException:
            self._say(f"✗ {name}: {self._elapsed:.1f} s", "red")
            raise
        self.seconds[name] = self._elapsed
        self._say(f"✓ {name}: {self.seconds[name]:.1f} s", "green")

    @contextmanager
    def carrying(self, name: str) -> Iterator[None]:
        """A step that carries a flow here: how far its parts are is seen, too."""
        from flows.fan_out.progress import watched  # Prefect takes seconds to import

        with self.step(name), watched(self.watch):
            yield

    def watch(self, progress: "Progress") -> None:
        """How far a part of the step is. A line is left of each part that is done."""
        self._part = progress.text
        began = self._parts.setdefault(id(progress), time.monotonic())
        if progress.finished:
            del self._parts[id(progress)]
            self._part = ""
            self._say(f"  {progress.text}, {time.monotonic() - began:.1f} s")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing moves while somebody is asked."""
        self._held.set()
        with self._moves:
            if self._live is not None:
                self._live.stop()
        try:
            yield
        finally:
            self._held.clear()
            with self._moves:
                if self._live is not None:  # the step may have ended meanwhile
                    self._live.start()

    def held_for(self, ask: Callable[[Given], Result]) -> Callable[[Given], Result]:
        """The same, and nothing moves while it asks."""

        def held(given: Given) -> Result:
            with self.held():
                return ask(given)

        return held

    def table(self) -> Table:
        """All steps and their sum."""
        table = Table("step", "seconds")
        for name, seconds in self.seconds.items():
            table.add_row(name, f"{seconds:.1f}")
        table.add_row("all", f"{sum(self.seconds.values()):.1f}")
        return table

    def _say(self, line: str, style: str = "") -> None:
        self._console.print(styled(line, style))

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def _where(self) -> str:
        return shown(f"{self._name}{self._part and f' · {self._part}'} · {self._elapsed:.0f} s")

    @contextmanager
    def _moving(self) -> Iterator[None]:
        def line() -> Text:
            frame = FRAMES[int(time.monotonic() * A_SECOND) % len(FRAMES)]
            return Text(f"{frame} {self._where}", no_wrap=True, overflow="ellipsis")

        with ExitStack() as ends:
            ends.enter_context(_warnings_above(self._console))
            self._live = Live(console=self._console, get_renderable=line, transient=True, refresh_per_second=A_SECOND)
            self._live.start()
            try:
                yield
            finally:
                with self._moves:
                    live, self._live = self._live, None
                    live.stop()

    @contextmanager
    def _repeated(self) -> Iterator[None]:
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(ALIVE_EVERY):
                if not self._held.is_set():
                    self._say(f"  … {self._where}")

        thread = threading.Thread(target=repeat, name="says that a step goes on", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@contextmanager
def _warnings_above(console: Console) -> Iterator[None]:
    """What is logged meanwhile is printed above the line that moves, not into it."""
    shown = [one for one in logging.getLogger().handlers if isinstance(getattr(one, "console", None), Console)]
    changed = [one for one in shown if vars(one)["console"].is_terminal]  # what is kept in a file stays there
    before = [(one, vars(one)["console"]) for one in changed]
    try:
        for one, _ in before:
            vars(one)["console"] = console
        yield
    finally:
        for one, was in before:
            vars(one)["console"] = was
