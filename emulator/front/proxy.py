"""The one port: a CONNECT proxy that is Azure for the intercepted hosts, a tunnel for others, and the control plane."""

import asyncio
import ipaddress
import logging
import re
from typing import cast

from emulator.front.serving import Serving
from emulator.front.tls import INTERCEPTED
from emulator.front.tunnel import Tunnel

HEAD_BYTES = 16 * 1024
"""A longer request head is refused."""
HEAD_SECONDS = 15.0
"""A peer that has not said what it wants after this is let go; so is one whose TLS handshake takes longer."""
CONNECT_SECONDS = 30.0

_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_TARGET = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+):(\d{1,5})")
_log = logging.getLogger("emulator.front.proxy")


class Front(asyncio.Protocol):
    """A new connection, until its first request head has said what it is for."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._head = b""
        self._transport: asyncio.Transport
        self._patience: asyncio.TimerHandle
        self._decided = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)
        self._patience = self._serving.loop.call_later(HEAD_SECONDS, self._transport.abort)
        self._serving.transports.add(self._transport)
        peer = transport.get_extra_info("peername")
        if not peer or not ipaddress.ip_address(peer[0]).is_loopback:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._decided:  # a peer that talks before its tunnel stands; TLS clients do not
            self._transport.abort()
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 or end > HEAD_BYTES:
            if len(self._head) > HEAD_BYTES:
                self._refuse("431 Request Header Fields Too Large", "The request head is longer than 16 KiB.")
            return
        self._decided = True
        line = _LINE.match(self._head)
        if line is None:
            self._refuse("400 Bad Request", "This is no HTTP request.")
        elif line[1] != b"CONNECT":
            self._control(line[2].decode("latin-1"))
        elif len(self._head) > end + 4:
            self._refuse("400 Bad Request", "Nothing may follow CONNECT before its answer.")
        else:
            self._connect(line[2].decode("latin-1"))

    def _refuse(self, status: str, reason: str) -> None:
        self._decided = True
        body = f"{reason}\n".encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode("latin-1") + body)
        self._transport.close()

    def _control(self, target: str) -> None:
        if not target.startswith("/_emulator/"):
            self._refuse(
                "403 Forbidden", "Only CONNECT is proxied here; the emulator's own paths begin with /_emulator/."
            )
            return
        self._patience.cancel()
        self._serving.hand_over(self._transport, self._transport, None, self._head)

    def _connect(self, target: str) -> None:
        match = _TARGET.fullmatch(target)
        if match is None or not 0 < int(match[2]) < 65536:
            self._refuse("400 Bad Request", f"CONNECT wants host:port, not {target!r}.")
            return
        host, port = match[1].strip("[]").rstrip(".").lower(), int(match[2])
        if INTERCEPTED.fullmatch(host):
            if port != 443:
                self._refuse("403 Forbidden", f"{host} answers on port 443 only.")
            else:
                self._serving.start(self._intercept(host))
        else:
            self._serving.start(self._pass_on(host, port))

    async def _intercept(self, host: str) -> None:
        waiting = _Handover()
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            context = self._serving.certificates.context(host)
            secured = await self._serving.loop.start_tls(
                self._transport, waiting, context, server_side=True, ssl_handshake_timeout=HEAD_SECONDS
            )
        except (OSError, EOFError, asyncio.CancelledError) as error:
            _log.info("no TLS with a client of %s: %s", host, error)
            self._transport.abort()
            return
        finally:
            self._patience.cancel()
        if secured is None or waiting.lost:
            return
        self._serving.hand_over(secured, self._transport, host, waiting.early)

    async def _pass_on(self, host: str, port: int) -> None:
        self._patience.cancel()
        self._transport.pause_reading()
        far = Tunnel()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._serving.loop.create_connection(lambda: far, host, port)
        except (OSError, TimeoutError) as error:
            self._refuse("502 Bad Gateway", f"{host}:{port} cannot be reached: {error}")
            return
        near = Tunnel()
        near.connection_made(self._transport)
        if far.transport is None or self._transport.is_closing():
            if far.transport is not None:
                far.transport.abort()
            return
        near.other, far.other = far.transport, self._transport
        self._serving.transports.add(far.transport)
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._transport.set_protocol(near)
        self._transport.resume_reading()


class _Handover(asyncio.Protocol):
    """Keeps what a client sends between its handshake and the moment the server takes over."""

    def __init__(self) -> None:
        self.early = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self.early += data

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self.lost = True
