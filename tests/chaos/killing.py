"""Ends the process it is in, by SIGKILL, at a chosen request that changes something in Azure, or after some seconds."""

import os
import re
import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

CHANGING = frozenset({"PUT", "POST", "PATCH", "DELETE"})
RENEWAL = "lease of "
"""How the thread is named that renews a lease: its requests come by the clock and are no steps."""

_VARYING = (
    (re.compile(r"https?://[^/]+/(.*/providers/Microsoft\.MachineLearningServices/)?|\?.*"), ""),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}"), "…"),
    (re.compile(r"\b\d{8}\.\d+\b"), "RELEASE"),
    (re.compile(r"(?<=/versions/)\d+"), "…"),
)


def step_of(method: str, url: str, fleet: str) -> str:
    """What the request does, the same in every release of every fleet: "PUT ledger/FLEET/RELEASE/000003.json"."""
    for pattern, instead in _VARYING:
        url = pattern.sub(instead, url)
    return f"{method} {re.sub(rf'(?<![a-z0-9]){fleet}(?![a-z0-9])', 'FLEET', url, flags=re.IGNORECASE)}"


@dataclass(frozen=True, order=True)
class Boundary:
    """Just before a request that changes something is sent, or just after it was answered.

    nth: among those of the same step in one run, from 1.
    """

    step: str
    nth: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.step}{f' ({self.nth})' if self.nth > 1 else ''}"


@dataclass(frozen=True)
class Kill:
    """Where a run is killed: at a boundary, or after so many seconds; nowhere when both are left out."""

    at: Boundary | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.seconds:
            return f"killed after {self.seconds:.2f} s"
        return f"killed {self.at}" if self.at else "not killed"


@dataclass
class Requests:
    """Those of a run that changed something, in order, each as its step and how often that was sent by then."""

    fleet: str
    kill: Kill
    sent: list[tuple[str, int]] = field(default_factory=list)

    def watch(self) -> None:
        """From now on, in all threads: every Azure SDK sends its requests through one method."""
        from azure.core.pipeline.transport import RequestsTransport

        real, lock, numbers = RequestsTransport.send, threading.Lock(), Counter[str]()

        def send(transport: Any, request: Any, **options: Any) -> Any:
            renewal = threading.current_thread().name.startswith(RENEWAL)
            if request.method not in CHANGING or "/oauth2/" in request.url or renewal:
                return real(transport, request, **options)
            step = step_of(request.method, request.url, self.fleet)
            with lock:
                numbers[step] += 1
                number = numbers[step]
                self.sent.append((step, number))
            if self.kill.at == Boundary(step, number, after=False):
                die()
            response = real(transport, request, **options)
            if self.kill.at == Boundary(step, number, after=True):
                die()
            return response

        RequestsTransport.send = send  # type: ignore[method-assign]  # the network's edge
        if self.kill.seconds:
            timer = threading.Timer(self.kill.seconds, die)
            timer.daemon = True
            timer.start()


def die() -> None:
    """As when the power fails."""
    os.kill(os.getpid(), signal.SIGKILL)
