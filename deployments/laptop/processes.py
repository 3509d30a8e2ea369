"""Child processes, each in its own session with a log file; stopped in reverse order, and only those started here."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from deployments.laptop.port_holder import holder_of
from domain.errors import Terminal

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.1
LOG_TAIL_LINES = 20
OWN_PORTS = range(20_000, 30_000)
"""Below those that connections get (32,768 and up on Linux, 49,152 on macOS): what was free stays free until it is used."""


class StartError(Terminal):
    """A process could not be started or never got ready; the message says why and what to do."""


@dataclass(frozen=True)
class Child:
    """A process started here. log: everything it printed, stdout and stderr."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def wait_until(self, ready: Callable[[], bool], deadline_seconds: float = 120.0) -> None:
        """Wait until `ready` says so; a StartError shows the end of its log."""
        deadline = time.monotonic() + deadline_seconds
        while not ready():
            if self.process.poll() is not None:
                raise StartError(
                    f"{self.name} ended with code {self.process.returncode}; the end of {self.log}:\n{self.tail()}"
                )
            if time.monotonic() > deadline:
                raise StartError(
                    f"{self.name} was not ready after {deadline_seconds:g} s; the end of {self.log}:\n{self.tail()}\n"
                    "Try again when the machine is less busy, or read the whole log."
                )
            time.sleep(POLL_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything in its group; nothing happens when they are gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def group_alive(self) -> bool:
        """Whether anything of the process's group still runs."""
        self.process.poll()  # reaps the leader, which would count as alive
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Processes:
    """Starts children and, as a context manager, stops every one of them on the way out.

    logs: the folder for NAME.log. grace_seconds: between asking a child to stop and killing it. started: called with
    the names and process ids of all children whenever one was started.
    """

    def __init__(
        self, logs: Path, grace_seconds: float = 15.0, started: Callable[[Mapping[str, int]], None] | None = None
    ) -> None:
        self._logs = logs
        self._grace_seconds = grace_seconds
        self._started = started
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        ready: Callable[[], bool] | None = None,
        deadline_seconds: float = 120.0,
    ) -> Child:
        """Start a command and, where `ready` is given, wait until it says so.

        environment: all of the child's variables, not additions.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("wb") as output, interrupts_held():
            process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=0o077,  # what servers keep is of nobody else's business
                start_new_session=True,  # the terminal's Ctrl-C is ours to pass on, in the right order
            )
            child = Child(name, process, log)
            self._children.append(child)
            if self._started is not None:
                self._started({one.name: one.process.pid for one in self._children})
        if ready is not None:
            child.wait_until(ready, deadline_seconds)
        return child

    def ended(self) -> Child | None:
        """The first child that ended by itself, or None while all run."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def stop(self) -> None:
        """Stop all, the newest first; a second Ctrl-C kills what is left at once."""
        try:
            while self._children:
                self._stop(self._children[-1])
                self._children.pop()
        finally:
            for child in reversed(self._children):
                child.signal(signal.SIGKILL)
                child.process.wait()
            self._children.clear()

    def _stop(self, child: Child) -> None:
        child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace_seconds
        while child.group_alive() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS / 2)
        child.signal(signal.SIGKILL)
        child.process.wait()


def check_port_free(port: int, purpose: str, option: str) -> None:
    """StartError when 127.0.0.1:port is taken: its holder, and the option to choose another port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartError(
                f"port {port} of 127.0.0.1 cannot be used for {purpose}: {error.strerror}. "
                f"{_how_to_free(port)}, or choose another port with {option}."
            ) from None


def _how_to_free(port: int) -> str:
    holder = holder_of(port)
    if holder is not None:
        return f"Process {holder.pid} holds it ({holder.command}): end it with `kill {holder.pid}`"
    find = f"lsof -nP -iTCP:{port} -sTCP:LISTEN" if sys.platform == "darwin" else f"ss -ltnp 'sport = :{port}'"
    return f"Find the process that holds it with `{find}`"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, of those that the system never gives to a connection by itself."""
    while True:
        port = random.SystemRandom().choice(OWN_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Deliver Ctrl-C, SIGTERM and SIGHUP only afterwards: else a child just started could go unnoticed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread alone
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda got, frame: held.append(got)) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """SIGTERM and a closed terminal end the main thread's work as Ctrl-C does, so that children are stopped too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    chosen = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup the terminal may close
        chosen.append(signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in chosen}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
