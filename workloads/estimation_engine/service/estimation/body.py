"""No request's body is larger than what is agreed, and none takes for ever to arrive."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem

DISCARDED = 8  # times the limit is still read and thrown away, so that the sender is told why


class BodyLimit:
    """Reads a request's body before the application sees any of it. most: bytes. seconds: until all of it is there."""

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        self.app, self.most, self.seconds = app, most, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body = await self._read(receive)
        except ClientDisconnect:
            return
        except TimeoutError:
            await problem(408, "slow_body", f"the body did not arrive within {self.seconds:g} s. Send it at once")(
                scope, receive, send
            )
            return
        if body is None:
            text = f"the body is larger than {self.most} bytes. Send fewer rows in each request"
            await problem(413, "too_large", text)(scope, receive, send)
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, or None when it is too large."""
        parts: list[bytes] = []
        size, more = 0, True
        while more and size <= self.most * DISCARDED:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part: bytes = message.get("body", b"")
            size += len(part)
            if size <= self.most:
                parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts) if size <= self.most else None
