"""What is known of one container: its state, the one before, restarts and events."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MOST_EVENTS = 50
"""Different ones that are kept; one that happens again is counted."""

Document = dict[str, Any]


@dataclass
class ContainerRecord:
    """Written by the thread that runs the container, read by requests."""

    current: Document = field(default_factory=lambda: {"state": "Waiting", "detailStatus": "ContainerCreating"})
    previous: Document | None = None
    restarts: int = 0
    _events: dict[tuple[str, str], Document] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def waiting(self, detail: str) -> None:
        """It is to start later."""
        self._change({"state": "Waiting", "detailStatus": detail})

    def running(self) -> None:
        """It runs from now on."""
        self._change({"state": "Running", "startTime": _now(), "detailStatus": ""})

    def terminated(self, code: int, detail: str) -> None:
        """It ended, with an exit code as `docker run` gives it."""
        started = self.current.get("startTime") or _now()
        times = {"startTime": started, "finishTime": _now()}
        self._change({"state": "Terminated", **times, "exitCode": code, "detailStatus": detail})

    def restarting(self) -> None:
        """Once more."""
        with self._lock:
            self.restarts += 1

    def event(self, name: str, message: str, kind: str = "Normal") -> None:
        """Something happened. kind: Normal or Warning."""
        with self._lock:
            known = self._events.pop((name, message), None)
            first = known["firstTimestamp"] if known else _now()
            count = known["count"] + 1 if known else 1
            moment = {"firstTimestamp": first, "lastTimestamp": _now()}
            self._events[name, message] = {"count": count, **moment, "name": name, "message": message, "type": kind}
            if len(self._events) > MOST_EVENTS:
                del self._events[next(iter(self._events))]

    def document(self) -> Document:
        """As an instance view shows it."""
        with self._lock:
            view: Document = {"restartCount": self.restarts, "currentState": dict(self.current)}
            if self.previous is not None:
                view["previousState"] = dict(self.previous)
            return {**view, "events": self.events}

    @property
    def events(self) -> list[Document]:
        """What happened, oldest first."""
        with self._lock:
            return [dict(one) for one in self._events.values()]

    def _change(self, state: Document) -> None:
        with self._lock:
            if self.current["state"] != "Waiting":
                self.previous = self.current
            self.current = state


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
