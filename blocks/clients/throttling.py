"""What makes Azure's SDKs go through a limiter, and wait and ask again when Azure throttles."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from io import UnsupportedOperation
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, RetryPolicy
from azure.core.pipeline.transport import RequestsTransport

from blocks.clients.connections import shared_session
from blocks.clients.limiter import SHARED, Limiters

TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
POLLED_EVERY = 5
"""Seconds between two looks at a long-running operation where Azure does not say. The SDK's 30 would be the least that
anything takes; 5 is what it uses itself for deletions (`LROConfigurations.POLL_INTERVAL`)."""
SERVER_BUSY = "ServerBusy"
"""The error code with which blob storage throttles; it sends no Retry-After. (Azure Storage, "Common error codes".)"""

Request = PipelineRequest[Any]
Response = PipelineResponse[Any, Any]

_HEADERS = RetryPolicy[Any, Any]()
_limited = ContextVar("limited", default=False)


def with_backoff(limiters: Limiters, request: Any, attempt: Callable[[], Response]) -> Response:
    """Attempt when the limiter lets us, and again for as long as the service throttles; the first other answer.

    The refusal itself when the request's body cannot be sent again. Transient when the limiter's patience ends.
    """
    slot = limiters.of(urlsplit(request.url).hostname or "").slot()
    rewind = _rewinding(request)
    while True:
        with slot:
            response = attempt()
            refused, asked = _refusal(response)
            if refused:
                slot.refused(asked)
            elif response.http_response.status_code < 500:
                slot.answered()
        if not refused or not rewind():
            return response


class ThrottlingPolicy(HTTPPolicy[Any, Any]):
    """Sends each request with backoff.

    Its place is inside the SDK's retries, which a throttled request does not use up, and outside authentication, so
    that a request which has waited for long is signed anew.
    """

    def __init__(self, limiters: Limiters) -> None:
        super().__init__()
        self._limiters = limiters

    def send(self, request: Request) -> Response:
        """As `with_backoff`."""

        def attempt() -> Response:
            before = _limited.set(True)
            try:
                return self.next.send(request)
            finally:
                _limited.reset(before)

        return with_backoff(self._limiters, request.http_request, attempt)


class LimitedTransport(RequestsTransport):  # type: ignore[misc]  # azure-core loads it late, so mypy does not know it
    """Sends with backoff what came through no `ThrottlingPolicy`, as MLClient's invocations of endpoints do not."""

    def __init__(self, limiters: Limiters) -> None:
        super().__init__(session=shared_session())
        self._limiters = limiters

    def send(self, request: Any, **options: Any) -> Any:
        """As `with_backoff`."""
        if _limited.get():
            return super().send(request, **options)

        def attempt() -> Response:
            answer: Any = super(LimitedTransport, self).send(request, **options)
            return PipelineResponse(request, answer, context=None)  # type: ignore[arg-type]  # of a pipeline's layer

        return with_backoff(self._limiters, request, attempt).http_response


class ThrottlingPolicies:
    """`per_retry_policies` for clients that hand their arguments on to many others, as MLClient does.

    A policy belongs to one pipeline, which tells it what comes next; iterating makes a new one for each.
    """

    def __init__(self, limiters: Limiters) -> None:
        self._limiters = limiters

    def __iter__(self) -> Iterator[ThrottlingPolicy]:
        yield ThrottlingPolicy(self._limiters)


@lru_cache(maxsize=1)
def _transport(limiters: Limiters) -> LimitedTransport:
    """One for all clients, so that they share connections: each keeps a copy of all authorities, which takes 1 MB."""
    return LimitedTransport(limiters)


def for_ml_client(limiters: Limiters = SHARED) -> dict[str, Any]:
    """Arguments with which MLClient, and every client that it makes with its own arguments, is limited and polls."""
    return {
        "per_retry_policies": ThrottlingPolicies(limiters),
        "transport": _transport(limiters),
        "polling_interval": POLLED_EVERY,
    }


class LimitedRetries(HTTPPolicy[Any, Any]):
    """`retry_policy` for a client of azure-storage, which takes no other policies: its own retries, each limited."""

    def __init__(self, retries: HTTPPolicy[Any, Any], limiters: Limiters) -> None:
        self._retries = retries
        self._retries.next = self._policy = ThrottlingPolicy(limiters)

    @property
    def next(self) -> HTTPPolicy[Any, Any]:
        """What comes after this policy; the pipeline sets it."""
        return self._policy.next

    @next.setter
    def next(self, following: HTTPPolicy[Any, Any]) -> None:
        self._policy.next = following

    def send(self, request: Request) -> Response:
        """As the retries do."""
        return self._retries.send(request)


def for_storage_client(limiters: Limiters = SHARED) -> dict[str, Any]:
    """Arguments for every client of azure-storage: our connections, and the SDK's retries, which begin with 15 s, from 1 s on."""
    from azure.storage.blob import ExponentialRetry

    retries = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=5)
    return {"retry_policy": LimitedRetries(retries, limiters), "transport": _transport(limiters)}


def _refusal(response: Response) -> tuple[bool, float | None]:
    """Whether the service throttles, and for how many seconds if it says so."""
    status, headers = response.http_response.status_code, response.http_response.headers
    if status not in (TOO_MANY_REQUESTS, UNAVAILABLE):
        return False, None
    asked = _HEADERS.get_retry_after(response) or None  # "0" says nothing
    return status == TOO_MANY_REQUESTS or asked is not None or headers.get("x-ms-error-code") == SERVER_BUSY, asked


def _rewinding(request: Any) -> Callable[[], bool]:
    """What makes a request's body as it is now, for sending it again; False when that is not possible."""
    bodies = [request.body, *(part[1] if isinstance(part, tuple) else part for part in (request.files or {}).values())]
    once = any(isinstance(body, Iterator) and not hasattr(body, "seek") for body in bodies)
    streams = [body for body in bodies if hasattr(body, "read")]
    try:
        positions = [(stream, stream.tell()) for stream in streams]
    except (AttributeError, UnsupportedOperation):
        return lambda: False

    def rewind() -> bool:
        try:
            for stream, position in positions:
                stream.seek(position)
        except (AttributeError, UnsupportedOperation, ValueError):
            return False
        return not once

    return rewind
