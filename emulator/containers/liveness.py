"""Whether a container still lives: its liveness probe, asked over HTTP."""

import http.client
import ssl
import time
from collections.abc import Mapping

from emulator.containers.group_form import HttpGet, Probe

LOOPBACK = "127.0.0.1"


class Liveness:
    """One run of a container under its probe. ports: the container's own → where they are reached."""

    def __init__(self, probe: Probe | None, ports: Mapping[int, int]) -> None:
        self._probe, self._ports = probe, ports
        self._due = time.monotonic() + (probe.initial_delay_seconds if probe else 0)
        self._failures = 0
        self.last = ""

    def lost(self) -> bool:
        """Ask if it is time to; whether it failed so often in a row that the container must be ended. last: the reason."""
        probe = self._probe
        if probe is None or probe.http_get is None or time.monotonic() < self._due:
            return False
        problem = self._ask(probe.http_get, probe.timeout_seconds)
        self._due = time.monotonic() + probe.period_seconds
        self._failures = self._failures + 1 if problem else 0
        self.last = problem
        return self._failures >= probe.failure_threshold

    def _ask(self, wanted: HttpGet, seconds: float) -> str:
        port = self._ports.get(wanted.port)
        if port is None:
            return f"port {wanted.port} is not among the container's ports"
        connection: http.client.HTTPConnection
        if wanted.scheme.lower() == "https":
            trusting = ssl._create_unverified_context()  # noqa: S323 (as Kubernetes' probes: the container's own certificate)
            connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=seconds, context=trusting)
        else:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
        try:
            connection.request("GET", wanted.path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"Get {wanted.path} on port {wanted.port}: {error or type(error).__name__}"
        finally:
            connection.close()
        return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
