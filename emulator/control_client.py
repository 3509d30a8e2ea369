"""The control plane of a running emulator, as methods; in this process or another."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from emulator.controls.faults import Fault, Kind
from emulator.controls.journal import Entry
from emulator.controls.pace import Pace

TIMEOUT_SECONDS = 30.0


class ControlError(Exception):
    """The control plane refused; the message is its reason."""


class Control:
    """Of the emulator whose proxy is at `url` (`http://127.0.0.1:8400`). OSError when none answers there."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/_emulator"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """`{"status": "ok", "resources": n}`."""
        return self._ask("GET", "/health")

    def reset(self) -> None:
        """Empty as on the first day."""
        self._ask("POST", "/reset")

    def pace(self) -> Pace:
        """How long operations take."""
        return Pace(**self._ask("GET", "/pace"))

    def set_pace(
        self,
        default_seconds: float | None = None,
        by_type: dict[str, float] | None = None,
        retry_after_ms: int | None = None,
    ) -> Pace:
        """Change it, for what is under way, too; what is None is as by default."""
        form = {"default_seconds": default_seconds, "by_type": by_type, "retry_after_ms": retry_after_ms}
        return Pace(**self._ask("PUT", "/pace", {key: value for key, value in form.items() if value is not None}))

    def add_fault(
        self,
        kind: Kind,
        method: str = ".*",
        path: str = ".*",
        times: int = 1,
        status: int = 503,
        retry_after: float = 1.0,
        seconds: float = 1.0,
    ) -> int:
        """Ask for a fault; see `emulator.controls.faults.Fault`. Returns its id."""
        form = {"method": method, "path": path, "times": times, "status": status, "retry_after": retry_after}
        return int(self._ask("POST", "/faults", {"kind": kind, "seconds": seconds, **form})["id"])

    def remove_fault(self, number: int) -> Fault:
        """Ask for this one no more, and leave all others; it, with how often it happened. ControlError when it is gone."""
        return Fault(**self._ask("DELETE", f"/faults/{number}"))

    def faults(self) -> list[Fault]:
        """Those asked for, with how often they happened."""
        return [Fault(**fault) for fault in self._ask("GET", "/faults")["value"]]

    def clear_faults(self) -> None:
        """Ask for none."""
        self._ask("DELETE", "/faults")

    def journal(
        self,
        method: str | None = None,
        host: str | None = None,
        path: str | None = None,
        status: int | None = None,
        last: int | None = None,
    ) -> list[Entry]:
        """Requests, oldest first; path: a regular expression searched in host and path."""
        wanted = {"method": method, "host": host, "path": path, "status": status, "last": last}
        query = urlencode({key: value for key, value in wanted.items() if value is not None})
        return [Entry(**entry) for entry in self._ask("GET", f"/journal?{query}")["value"]]

    def clear_journal(self) -> None:
        """Forget them."""
        self._ask("DELETE", "/journal")

    def add_user(
        self,
        username: str,
        name: str,
        groups: Sequence[str] = (),
        password: str | None = None,
        oid: str | None = None,
    ) -> dict[str, Any]:
        """Add a person to the tenant, or change one; see `emulator.identity.users.User`. Returns all but the password."""
        form = {"username": username, "name": name, "groups": list(groups), "password": password}
        return self._ask("POST", "/users", form if oid is None else {**form, "oid": oid})

    def users(self) -> list[dict[str, Any]]:
        """The people of the tenant: `username`, `name`, `oid`, `groups`."""
        people: list[dict[str, Any]] = self._ask("GET", "/users")["value"]
        return people

    def rotate_token_key(self) -> str:
        """Have tokens signed with a new key from now on; the one before stays published. Returns the new key's id."""
        return str(self._ask("POST", "/token-key")["kid"])

    def warm_start(self) -> int | None:
        """Import now what user code commonly needs, not before the first job; the process that does, None when it is off."""
        parent: int | None = self._ask("POST", "/warm-start")["parent"]
        return parent

    def _ask(self, method: str, path: str, document: Any = None) -> dict[str, Any]:
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self._url + path, data, method=method)  # noqa: S310 (http, to the loopback)
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            raise ControlError(f"{method} {path}: {error.code} {error.read().decode('utf-8', 'replace')}") from error
        answer: dict[str, Any] = json.loads(body) if body else {}
        return answer
