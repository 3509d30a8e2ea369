"""What the connections of one running emulator share, and HTTP on those that are for the emulator itself."""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from emulator.front.tls import Certificates
from emulator.front.tunnel import quick

KEEP_ALIVE_SECONDS = 300
STOP_SECONDS = 2.0
"""Requests that are being answered get this long when the emulator stops."""


@dataclass(frozen=True)
class Connection:
    """The connection under a request. host: the one named by CONNECT; None for the control plane."""

    host: str | None
    transport: asyncio.Transport

    def reset(self) -> None:
        """Cut it: the client reads a reset, not an end."""
        line = self.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Http(HttpToolsProtocol):
    """uvicorn's HTTP, acknowledging at once."""

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if not self.transport.is_closing():
            quick(self.transport)
        super().data_received(data)


class Serving:
    """The listening port of one emulator, inside its loop. front: what a new connection speaks first."""

    def __init__(
        self, azure: Any, control: Any, certificates: Certificates, front: Callable[["Serving"], asyncio.Protocol]
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.certificates = certificates
        self._front = front
        self.transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._state = ServerState()
        self._azure, self._control = (_config(app) for app in (azure, control))

    async def listen(self, listening: socket.socket) -> asyncio.Server:
        """Take connections from a socket, which must be bound to the loopback interface."""
        if not ipaddress.ip_address(listening.getsockname()[0]).is_loopback:
            raise ValueError(f"the emulator listens on the loopback interface only, not on {listening.getsockname()}")
        return await self.loop.create_server(lambda: self._front(self), sock=listening)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it is ended with the emulator."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hand_over(self, transport: asyncio.Transport, line: asyncio.Transport, host: str | None, early: bytes) -> None:
        """Speak HTTP from here on. line: the TCP connection under the transport; early: bytes that came already."""
        config = self._control if host is None else self._azure
        protocol = Http(config, self._state, {"connection": Connection(host, line)})
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if early:
            protocol.data_received(early)

    async def stop(self) -> None:
        """End every connection; requests that are being answered are answered first."""
        for protocol in list(self._state.connections):
            protocol.shutdown()
        waiting = [*self._state.tasks, *self._tasks]
        for task in self._tasks:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=STOP_SECONDS)
        for transport in list(self.transports):
            transport.abort()  # type: ignore[attr-defined]
        await asyncio.sleep(0)


def _config(app: Any) -> Config:
    config = Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
        date_header=False,
    )
    config.load()
    return config
