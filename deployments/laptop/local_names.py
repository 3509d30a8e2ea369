"""A server of this machine answers under this machine's names alone: else a web page whose name is made to lead here could ask it."""

from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_NAMES = (b"127.0.0.1", b"localhost", b"[::1]")
REFUSED = b"The Prefect server answers to 127.0.0.1, localhost and [::1], and to no other name.\n"
POLICY_VIOLATION = 1008
"""RFC 6455, 7.4.1. Nothing was accepted yet, so the client sees 403."""


class LocalNames:
    """An ASGI application in front of another one, which hears of no request that names another host, or none, or two."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "lifespan" or _is_local(scope):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": REFUSED.decode().strip()})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(REFUSED)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED})


def _is_local(scope: Scope) -> bool:
    hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _without_port(hosts[0]) in LOCAL_NAMES


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    return name if colon and port.isdigit() else host
