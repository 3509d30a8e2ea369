"""Hosts that are not the emulator's: bytes passed on in both directions, untouched."""

import asyncio
import socket
from typing import cast


def quick(transport: asyncio.BaseTransport) -> None:
    """Acknowledge at once what was received (Linux only): a client that has Nagle on waits 42 ms otherwise."""
    if hasattr(socket, "TCP_QUICKACK"):
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class Tunnel(asyncio.Protocol):
    """One end: what arrives here leaves at `other`, no faster than `other` takes it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: asyncio.Transport | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self.transport is not None and not self.transport.is_closing():
            quick(self.transport)
        if self.other is not None:
            self.other.write(data)

    def eof_received(self) -> bool:
        """Called by the loop; the other direction stays open until it ends, too."""
        self.ended = True
        if self.other is None or self.other.is_closing():
            return False
        self.other.write_eof()
        peer = self.other.get_protocol()
        return not (isinstance(peer, Tunnel) and peer.ended)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        if self.other is not None:
            self.other.close()

    def pause_writing(self) -> None:
        """Called by the loop when this end's buffer is full."""
        if self.other is not None and not self.other.is_closing():
            self.other.pause_reading()

    def resume_writing(self) -> None:
        """Called by the loop when there is room again."""
        if self.other is not None and not self.other.is_closing():
            self.other.resume_reading()
