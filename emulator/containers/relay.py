"""Public addresses: each declared port of a group, passed on to the container that listens for it."""

import asyncio
import errno
import threading
from collections.abc import Callable
from typing import cast

import uvloop

from emulator.front.tunnel import Tunnel

Target = Callable[[], tuple[str, int] | None]
"""Where the container listens now; None while it does not run."""

MOST_CONNECTIONS = 1_000
"""Open at once on one port; more are cut."""
CONNECT_SECONDS = 5.0


class PortTakenError(OSError):
    """Something else listens there, or this process may not; says which address, why and what to do."""


class Relays:
    """All of one emulator's, in a thread of their own: a request that the emulator answers slowly delays none."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], _Port] = {}

    def open(self, ip: str, port: int, target: Target) -> None:
        """Listen on one port; PortTakenError when it cannot be had."""
        loop = self._running()
        asyncio.run_coroutine_threadsafe(self._listen(loop, ip, port, target), loop).result()

    def close(self, ip: str) -> None:
        """Stop listening on an address and cut what is connected to it."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._close(ip), self._loop).result()

    def end(self) -> None:
        """Close all; the next one that is opened begins anew."""
        for ip in {ip for ip, _ in self._open}:
            self.close(ip)
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = uvloop.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="relays", daemon=True)
                self._thread.start()
            return self._loop

    async def _listen(self, loop: asyncio.AbstractEventLoop, ip: str, port: int, target: Target) -> None:
        one = _Port(loop, target)
        try:
            one.server = await loop.create_server(lambda: _Near(one), ip, port, reuse_address=True)
        except OSError as error:
            raise _explained(ip, port, error) from error
        self._open[ip, port] = one

    async def _close(self, ip: str) -> None:
        for place in [one for one in self._open if one[0] == ip]:
            self._open.pop(place).close()
        await asyncio.sleep(0)


class _Port:
    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        self.loop, self.target = loop, target
        self.server: asyncio.Server
        self.lines: set[asyncio.Transport] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        for line in self.lines:
            line.abort()


class _Near(Tunnel):
    """The caller's end: keeps what comes before the container's end stands. (uvloop reads on, though it is told to pause at once.)"""

    def __init__(self, port: _Port) -> None:
        super().__init__()
        self._port = port
        self._early = bytearray()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self.other is not None:
            super().data_received(data)
            return
        self._early += data
        if self.transport is not None:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """Called by the loop."""
        if self.other is not None:
            return super().eof_received()
        self.ended = True
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        super().connection_made(transport)
        line = cast(asyncio.Transport, transport)
        if len(self._port.lines) >= MOST_CONNECTIONS:
            line.abort()
            return
        self._port.lines.add(line)
        task = self._port.loop.create_task(self._join(line))
        self._port.tasks.add(task)
        task.add_done_callback(self._port.tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        if self.transport is not None:
            self._port.lines.discard(self.transport)
        super().connection_lost(error)

    async def _join(self, line: asyncio.Transport) -> None:
        target, far = self._port.target(), Tunnel()
        far.other = line
        if target is None:
            line.abort()
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._port.loop.create_connection(lambda: far, target[0], target[1])
        except (OSError, TimeoutError):
            line.abort()  # nothing listens in the container: the caller reads a reset, as on Azure
            return
        if far.transport is None or line.is_closing():
            if far.transport is not None:
                far.transport.abort()
            return
        self.other = far.transport
        self.other.write(bytes(self._early))
        self._early.clear()
        if self.ended:
            self.other.write_eof()
        else:
            line.resume_reading()


def _explained(ip: str, port: int, error: OSError) -> PortTakenError:
    what = f"port {port} of the public address {ip} cannot be opened on this machine"
    if error.errno == errno.EADDRINUSE:
        why = f"something listens there, or on port {port} of all addresses; end it, or choose another port"
    elif error.errno in (errno.EACCES, errno.EPERM):
        why = (
            "this user may not open ports below 1024; choose a higher one, or lower net.ipv4.ip_unprivileged_port_start"
        )
    else:
        why = str(error.strerror or error)
    return PortTakenError(error.errno, f"{what}: {why}")
