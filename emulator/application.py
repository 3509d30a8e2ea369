"""The ASGI application behind the proxy: who is asked, whether the caller may, what is answered."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.behaviours.dispatch import answer as arm_answer
from emulator.controls.journal import CUT, Entry
from emulator.dataplane import load_services, service_for
from emulator.front.serving import Connection
from emulator.identity.access import ARM_AUDIENCE, check_token
from emulator.world import World

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Azure takes 4,000 MiB in one Put Blob; a laptop is asked for less, and clients split anything larger than 64 MiB."""

_log = logging.getLogger("emulator")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    """Answers every intercepted host."""

    def __init__(self, world: World) -> None:
        self._world = world
        load_services()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection; everything but HTTP is ignored."""
        if scope["type"] != "http":
            return
        connection: Connection = scope["state"]["connection"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _read(receive, headers)
        except ConnectionAbortedError:
            return  # the caller died on its way; half a body is stored nowhere
        started = time.perf_counter()
        raw_query = scope["query_string"].decode("latin-1")
        call = Call(
            method=scope["method"],
            host=headers.get("host", "").removesuffix(":443").lower(),
            path=scope["path"],
            query=dict(parse_qsl(raw_query, keep_blank_values=True)),
            headers=headers,
            body=body or b"",
            raw_path=scope["raw_path"].decode("latin-1"),
            raw_query=raw_query,
        )
        faults, about = self._world.faults, (call.method, call.host + call.path)
        slow = faults.take({"slow"}, *about)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        if faults.take({"reset"}, *about) is not None:
            await self._cut(call, started, connection, receive)
            return
        if call.host != connection.host:
            text = f"The request is for {call.host!r}, its connection for {connection.host!r}."
            answer = _refusal(AzureError(421, "MisdirectedRequest", text))
        elif body is None:
            answer = _refusal(AzureError(413, "RequestBodyTooLarge", "The request body is too large."))
        else:
            answer = self._answer(call)
        if faults.take({"lost_answer"}, *about) is not None:
            await self._cut(call, started, connection, receive)
            return
        self._note(call, answer.status, started)
        await _send(send, answer, head=call.method == "HEAD")

    async def _cut(self, call: Call, started: float, connection: Connection, receive: Receive) -> None:
        self._note(call, CUT, started)
        connection.reset()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _note(self, call: Call, status: int, started: float) -> None:
        milliseconds = round((time.perf_counter() - started) * 1000, 3)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._world.journal.add(Entry(now, call.method, call.host, unquote(call.raw_path), status, milliseconds))

    def _answer(self, call: Call) -> Answer:
        world = self._world
        fault = world.faults.take({"throttle", "server_error"}, call.method, call.host + call.path)
        try:
            if fault is not None and fault.kind == "throttle":
                headers = {"Retry-After": str(fault.retry_after)}
                raise AzureError(429, "TooManyRequests", "The request was throttled (injected fault).", headers)
            if fault is not None:
                raise AzureError(fault.status, "InternalServerError", "The server failed (injected fault).")
            world.operations.settle_due()
            if call.host == "management.azure.com":
                check_token(call.headers, ARM_AUDIENCE)
                return arm_answer(world, call)
            service = service_for(call.host, call.path)
            if service is None:
                raise AzureError(404, "NotFound", f"The emulator has no service at {call.host}{call.path}.")
            if service.audience is not None:
                check_token(call.headers, *service.audience)
            return service.handler(world, call)
        except AzureError as error:
            return _refusal(error)
        except Exception:  # noqa: BLE001 (a fault of the emulator must not end the connection without a word)
            _log.exception("%s https://%s%s", call.method, call.host, call.path)
            text = "The emulator failed at this request; its log has the traceback."
            return _refusal(AzureError(500, "InternalServerError", text))


def _refusal(error: AzureError) -> Answer:
    return Answer(error.status, error.document, headers=error.headers)


async def _read(receive: Receive, headers: dict[str, str]) -> bytes | None:
    if int(headers.get("content-length") or 0) > MAX_BODY_BYTES:
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send: Send, answer: Answer, head: bool = False) -> None:
    body = answer.body()
    headers = {"Content-Type": "application/json"} if answer.document is not None else {}
    headers |= dict(answer.headers)
    if "content-length" not in {name.lower() for name in headers}:
        headers["Content-Length"] = str(len(body))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else body})
