"""One limiter for each service that a process speaks to, shared by all its threads and clients."""

import itertools
import logging
import random
import threading
import time
from types import TracebackType
from typing import Self

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from blocks.clients.pacing import Pacing
from domain.errors import Transient

PATIENCE_SECONDS = 30 * 60.0
"""How long one request waits for a service that throttles."""
LOOK_AGAIN_SECONDS = 60.0
"""The longest sleep in one piece."""
WHOLE_DOMAINS = ("api.azureml.ms",)
"""One service, whatever region stands in front."""


class Limiter:
    """Who may send when. Who came first goes first: a refused request before all that came after it."""

    def __init__(self, service: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.service = service
        self.patience_seconds = patience_seconds
        self._lock = threading.RLock()
        self._pacing = Pacing()
        self._tickets = itertools.count()
        self._waiting: dict[int, threading.Condition] = {}
        self._under_way = 0

    @property
    def at_once(self) -> int:
        """Requests that may be under way together now."""
        return self._pacing.at_once

    @property
    def throttled(self) -> bool:
        """Whether the service has refused lately."""
        return self._pacing.throttled

    def slot(self) -> "Slot":
        """The place of one request, with its repetitions, in the queue."""
        return Slot(self, next(self._tickets), time.monotonic())

    def take(self, ticket: int, came: float) -> float:
        """Wait for a slot; returns when it was given. Transient when the service throttles for longer than patience."""
        with self._lock:
            changed = self._waiting[ticket] = threading.Condition(self._lock)
            try:
                while (sleep := self._sleep(ticket, came)) > 0:
                    changed.wait(min(sleep, LOOK_AGAIN_SECONDS))
                self._under_way += 1
            finally:
                del self._waiting[ticket]
                self._wake_first()
            return time.monotonic()

    def give_back(self) -> None:
        """Free a slot."""
        with self._lock:
            self._under_way -= 1
            self._wake_first()

    def refused(self, sent: float, asked: float | None) -> None:
        """The service said "too many requests" to one of then, and perhaps how many seconds to wait."""
        with self._lock:
            before, now = self._pacing, time.monotonic()
            self._pacing = after = before.refused(sent, now, asked, random.random())  # noqa: S311 (jitter, no secret)
        if not before.throttled:
            wait = after.not_before - now
            _log().info("%s is throttling: waiting %.2g s; %d requests at once now", self.service, wait, after.at_once)

    def answered(self, sent: float) -> None:
        """The service did what a request of then asked for."""
        with self._lock:
            before, now = self._pacing, time.monotonic()
            self._pacing = after = before.answered(sent, now, self._under_way)
            self._wake_first()
        if before.throttled and not after.throttled:
            lasted = before.not_before - before.throttled_since
            text = "%s has stopped throttling, after %.0f s; %d requests at once now"
            _log().info(text, self.service, lasted, after.at_once)

    def _wake_first(self) -> None:
        """Whoever goes next looks, and wakes the next in turn: were all woken, 64 would look for each slot."""
        if self._waiting:
            self._waiting[min(self._waiting)].notify()

    def _sleep(self, ticket: int, came: float) -> float:
        """Seconds to wait before looking again, 0 when it may go; a change wakes the first before that."""
        now = time.monotonic()
        hold = self._pacing.not_before - now
        first = ticket == min(self._waiting)
        if first and hold <= 0 and self._under_way < self._pacing.at_once:
            return 0.0
        left = max(came, self._pacing.throttled_since) + self.patience_seconds - now
        if left <= 0:
            raise Transient(
                f"{self.service} is throttling: a request has waited {self.patience_seconds:g} s without being served. "
                "Run the same command again later; if that happens often, ask Azure for a higher limit."
            )
        return min(left, hold) if first and hold > 0 else left


class Slot:
    """One request's slots, one after another: `with` waits for one and gives it back."""

    def __init__(self, limiter: Limiter, ticket: int, came: float) -> None:
        self._limiter = limiter
        self._ticket = ticket
        self._came = came
        self._sent = came

    def __enter__(self) -> Self:
        self._sent = self._limiter.take(self._ticket, self._came)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.give_back()

    def refused(self, asked: float | None) -> None:
        """It was throttled; asked: for how many seconds, if the service said so."""
        self._limiter.refused(self._sent, asked)

    def answered(self) -> None:
        """It was served."""
        self._limiter.answered(self._sent)


class Limiters:
    """One for each service: a host, or a domain of `WHOLE_DOMAINS`."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._by_service: dict[str, Limiter] = {}

    def of(self, host: str) -> Limiter:
        """That of the service behind a host name."""
        host = host.lower()
        service = next((domain for domain in WHOLE_DOMAINS if host.endswith(f".{domain}")), host)
        with self._lock:
            if service not in self._by_service:
                self._by_service[service] = Limiter(service, self._patience_seconds)
            return self._by_service[service]


SHARED = Limiters()
"""Those of this process."""


def _log() -> "logging.Logger | logging.LoggerAdapter[logging.Logger]":
    try:
        return get_run_logger()
    except MissingContextError:
        return get_logger("limiter")
