"""A running emulator: one thread, one port."""

import asyncio
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import uvloop

from emulator.application import Application
from emulator.behaviours import open_world
from emulator.control_client import Control
from emulator.control_plane import ControlPlane
from emulator.front.proxy import Front
from emulator.front.serving import Serving
from emulator.front.tls import Certificates
from emulator.identity import access, token_keys
from emulator.identity.private_file import locked

HOST = "127.0.0.1"
START_SECONDS = 30.0


class Emulator:
    """Answers as Azure while it is open. state: folder of all it keeps; port: 0 for any free one.

    warm: jobs' Python code starts in processes that have imported what it commonly needs.
    """

    def __init__(self, state: Path, port: int = 0, warm: bool = True) -> None:
        self._warm = warm
        self.state = state.absolute()
        self._wanted = port
        self._port = 0
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    def __enter__(self) -> Self:
        """Start; OSError when the port is taken or the state folder cannot be used."""
        listening = _listening(self._wanted)
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listening,), name="emulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError(f"the emulator did not start within {START_SECONDS:.0f} s")
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: jobs ended, connections closed, files given back."""
        if self._loop is not None and self._end is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    @property
    def url(self) -> str:
        """Of the proxy."""
        return f"http://{HOST}:{self._port}"

    @property
    def ca_file(self) -> Path:
        """What clients are to trust."""
        return self.state / "ca.pem"

    @property
    def control(self) -> Control:
        """The control plane, as methods."""
        return Control(self.url)

    def environment(self) -> dict[str, str]:
        """Variables with which an unmodified Azure SDK reaches this emulator.

        Proxies are named twice: where both spellings are set, Python's clients take the lower-case one.
        """
        return {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "AZURE_TENANT_ID": access.TENANT_ID,
            "AZURE_CLIENT_ID": access.CLIENT_ID,
            "AZURE_CLIENT_SECRET": access.CLIENT_SECRET,
        }

    def _run(self, listening: socket.socket) -> None:
        try:
            with listening, locked(self.state):
                uvloop.run(self._serve(listening))
        except BaseException as error:  # noqa: BLE001 (the starting thread raises it)
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self, listening: socket.socket) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        certificates = Certificates(self.state)
        token_keys.open_key(self.state)
        world = open_world(self.state, self._warm)
        try:
            serving = Serving(Application(world), ControlPlane(world), certificates, Front)
            server = await serving.listen(listening)
            self._ready.set()
            await self._end.wait()
            server.close()
            await serving.stop()
        finally:
            world.close()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=512)
    except OSError as error:
        raise OSError(error.errno, f"port {port} of {HOST} cannot be used ({error.strerror})") from error
