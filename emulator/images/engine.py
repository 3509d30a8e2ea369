"""The Docker engine of this machine, if one answers: where DOCKER_HOST says, or at the usual socket."""

import http.client
import os
import shutil
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

USUAL = "unix:///var/run/docker.sock"
PING_SECONDS = 2.0


@dataclass(frozen=True)
class Engine:
    """An engine that answers. address: as in DOCKER_HOST. version: as it says. client: the `docker` command."""

    address: str
    version: str
    client: str


def find_engine() -> Engine | None:
    """The engine that answers now, and a client for it; None when there is none. One ping."""
    address = os.environ.get("DOCKER_HOST") or USUAL
    client = shutil.which("docker")
    if client is None:
        return None
    line = _connection(address)
    if line is None:
        return None
    try:
        line.request("GET", "/_ping", headers={"Host": "docker"})
        answer = line.getresponse()
        if answer.status != 200:
            return None
        version = answer.getheader("Server") or f"API {answer.getheader('Api-Version') or 'unknown'}"
        return Engine(address, version, client)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


def _connection(address: str) -> http.client.HTTPConnection | None:
    place = urlsplit(address)
    if place.scheme == "unix":
        return _Socket(place.path)
    if place.scheme == "tcp" and place.hostname and place.port:
        return http.client.HTTPConnection(place.hostname, place.port, timeout=PING_SECONDS)
    return None


class _Socket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=PING_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Called when something is asked."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PING_SECONDS)
        self.sock.connect(self._path)
