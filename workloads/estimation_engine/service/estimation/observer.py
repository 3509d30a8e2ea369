"""Names, times, counts and logs every request, outermost of all."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import log
from .measures import Measures
from .request_id import HEADER, name_request, request_id

ROUTES = frozenset({"/v1/estimates", "/health", "/ready", "/metrics", "/openapi.json"})
PROBES = ROUTES - {"/v1/estimates"}


class Observer:
    """Every answer carries its request's name. A status of 0 is counted where the caller went away before the answer."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self.app, self.measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        route = scope["path"] if scope["path"] in ROUTES else "other"
        name = name_request(scope["headers"])
        request_id.set(name)

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER, name.encode())]
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except Exception:  # noqa: BLE001  # the framework has told the caller, and raises it again for this log
            log.exception("failed", extra={"fields": {"request_id": name, "route": route}})
        finally:
            seconds = time.perf_counter() - began
            self.measures.requests.labels(route, str(status)).inc()
            self.measures.seconds.labels(route).observe(seconds)
            if route not in PROBES or status >= 400:
                fields = {"request_id": name, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
                log.info("answered", extra={"fields": fields})
