"""What a container printed: its newest lines, each with the moment it came."""

import threading
from collections import deque
from datetime import UTC, datetime

KEPT_BYTES = 4 * 1024 * 1024
"""As much as Azure gives back."""
LINE_BYTES = 16 * 1024
"""A longer line is kept as several, as the Docker engine does."""


class ContainerLog:
    """Lines of one container, oldest first, the last 4 MiB of them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._begun = b""

    def add(self, chunk: bytes) -> None:
        """What was printed, in whatever pieces it comes."""
        with self._lock:
            *whole, self._begun = (self._begun + chunk).split(b"\n")
            for line in whole:
                self._keep(line)
            while len(self._begun) > LINE_BYTES:
                self._keep(self._begun[:LINE_BYTES])
                self._begun = self._begun[LINE_BYTES:]

    def end_line(self) -> None:
        """Nothing more comes: a line that was begun is a line."""
        with self._lock:
            if self._begun:
                self._keep(self._begun)
                self._begun = b""

    def text(self, tail: int | None = None, timestamps: bool = False) -> str:
        """All of it, or the last lines; each after its moment (UTC, RFC 3339) if asked for."""
        with self._lock:
            lines = [*self._lines, *([(_now(), self._begun)] if self._begun else [])]
        chosen = lines if tail is None else lines[len(lines) - min(tail, len(lines)) :]
        shown = [(f"{moment} " if timestamps else "") + line.decode(errors="replace") for moment, line in chosen]
        return "".join(f"{line}\n" for line in shown)

    def _keep(self, line: bytes) -> None:
        moment = _now()
        for start in range(0, max(len(line), 1), LINE_BYTES):
            part = line[start : start + LINE_BYTES]
            self._lines.append((moment, part))
            self._bytes += len(part) + 1
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._lines.popleft()[1]) + 1


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
