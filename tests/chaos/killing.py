"""Ends the process it is in, by SIGKILL, at a chosen request that changes something in Azure, or after some seconds."""

import os
import signal
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any

CHANGING = frozenset({"PUT", "POST", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Kill:
    """at: the number of the request, from 1; after: it is answered before the process ends. seconds: instead of both."""

    at: int = 0
    after: bool = False
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.seconds:
            return f"killed after {self.seconds:.2f} s"
        return f"killed {'after' if self.after else 'before'} request {self.at}" if self.at else "not killed"


@dataclass
class Requests:
    """Those that changed something, as this process sent them."""

    kill: Kill
    sent: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From now on, in all threads: every Azure SDK sends its requests through one method."""
        from azure.core.pipeline.transport import RequestsTransport

        real, numbers = RequestsTransport.send, count(1)

        def send(transport: Any, request: Any, **options: Any) -> Any:
            if request.method not in CHANGING or "/oauth2/" in request.url:
                return real(transport, request, **options)
            number = next(numbers)
            self.sent.append(f"{request.method} {request.url.partition('?')[0]}")
            if number == self.kill.at and not self.kill.after:
                die()
            response = real(transport, request, **options)
            if number == self.kill.at:
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
