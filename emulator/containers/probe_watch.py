"""A container under one of its probes, asked over HTTP at its time."""

import http.client
import ssl
import time
from collections.abc import Mapping

from emulator.containers.group_form import HttpGet, Probe

LOOPBACK = "127.0.0.1"


class ProbeWatch:
    """One run of a container under one probe. ports: the container's own → where they are reached.

    A probe that runs a command is kept with the group and not asked here.
    """

    def __init__(self, probe: Probe | None, ports: Mapping[int, int]) -> None:
        self._probe = probe if probe is not None and probe.http_get is not None else None
        self._ports = ports
        self._due = time.monotonic() + (self._probe.initial_delay_seconds if self._probe else 0)
        self._failures = self._successes = 0
        self.problem = ""

    @property
    def failing(self) -> bool:
        """Whether it failed as often in a row as it may not. problem: the last reason."""
        return self._probe is not None and self._failures >= self._probe.failure_threshold

    @property
    def passing(self) -> bool:
        """Whether it succeeded as often in a row as it must; without a probe always."""
        return self._probe is None or self._successes >= self._probe.success_threshold

    def look(self) -> bool:
        """Ask, if it is time to; whether it was asked and failed."""
        probe = self._probe
        if probe is None or probe.http_get is None or time.monotonic() < self._due:
            return False
        self.problem = self._ask(probe.http_get, probe.timeout_seconds)
        self._due = time.monotonic() + probe.period_seconds
        self._failures = self._failures + 1 if self.problem else 0
        self._successes = 0 if self.problem else self._successes + 1
        return bool(self.problem)

    def _ask(self, wanted: HttpGet, seconds: float) -> str:
        port = self._ports.get(wanted.port)
        if port is None:
            return f"port {wanted.port} is not among the container's ports"
        connection: http.client.HTTPConnection
        if wanted.scheme.lower() == "https":
            trusting = ssl._create_unverified_context()  # noqa: S323 (a container's own certificate, as probes on Azure)
            connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=seconds, context=trusting)
        else:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
        try:
            connection.request("GET", wanted.path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"Get {wanted.path} on port {wanted.port}: {str(error) or type(error).__name__}"
        finally:
            connection.close()
        return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
