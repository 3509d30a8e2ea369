"""Public addresses pass everything on, also what comes at once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from emulator.containers.relay import Relays

ADDRESS = ("127.64.0.9", 18080)
CALLS = 200


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    """A service that gives back what it read until the caller ended, line by line."""
    with socket.create_server(("127.0.0.1", 0), backlog=CALLS) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    read = bytearray()
                    while piece := line.recv(4096):
                        read += piece
                    line.sendall(bytes(read))

        threading.Thread(target=serve, daemon=True).start()
        yield server
        server.shutdown(socket.SHUT_RDWR)


def test_what_a_caller_sends_before_the_container_is_reached_is_not_lost(echo: socket.socket) -> None:
    relays = Relays()
    relays.open(*ADDRESS, echo.getsockname)
    try:
        for number in range(CALLS):
            with socket.create_connection(ADDRESS, timeout=10) as line:
                line.sendall(f"call {number}".encode())
                line.shutdown(socket.SHUT_WR)
                assert line.recv(100).decode() == f"call {number}"
    finally:
        relays.end()


def test_a_caller_is_cut_off_where_nothing_listens() -> None:
    relays = Relays()
    relays.open(*ADDRESS, lambda: None)
    try:
        with socket.create_connection(ADDRESS, timeout=10) as line, suppress(ConnectionResetError):
            assert line.recv(100) == b""
    finally:
        relays.end()
