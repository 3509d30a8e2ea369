"""Names, times, counts and logs every request, outermost of all."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import log
from .measures import Measures
from .problems import problem
from .request_id import HEADER, name_request, request_id

ROUTES = frozenset({"/v1/estimates", "/health", "/ready", "/metrics", "/openapi.json"})
PROBES = ROUTES - {"/v1/estimates"}


class Observer:
    """An answer without a status code became one with 500: the caller learns the request's name, the log the place."""

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
        except Exception:
            log.exception("failed", extra={"fields": {"request_id": name, "route": route}})
            if status:
                raise  # half an answer is out: only cutting the connection tells
            failed = problem(500, "failed", "the service failed; its log says where, under this request_id")
            await failed(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - began
            self.measures.requests.labels(route, str(status)).inc()
            self.measures.seconds.labels(route).observe(seconds)
            if route not in PROBES or status >= 400:
                fields = {"request_id": name, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
                log.info("answered", extra={"fields": fields})
