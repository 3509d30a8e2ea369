"""Faults on request: what can go wrong with Azure, as data, each with a match and a number of times."""

import re
import threading
from dataclasses import dataclass
from itertools import count
from typing import Literal

from emulator.arm.errors import AzureError

ARM_HOST = "management.azure.com"

Kind = Literal[
    "throttle", "server_error", "reset", "failed_operation", "silent_no_op", "slow", "lost_answer", "slow_operation"
]


@dataclass
class Fault:
    """One fault.

    kind: throttle (429 with Retry-After), server_error (status, 5xx), reset (the connection is cut), failed_operation
    (a long-running operation ends Failed), silent_no_op (an endpoint's update is accepted and does nothing), slow (answered
    after so many seconds), lost_answer (the request is done, and the connection cut before the answer), slow_operation (a
    long-running operation takes so many seconds, whatever the pace).
    method, path: regular expressions that the request must match; the path's, against host and path. times: how often.
    id: its number, given when it is asked for; no other fault of this emulator ever has it.
    """

    kind: Kind
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    status: int = 503
    retry_after: float = 1.0
    seconds: float = 1.0
    happened: int = 0
    id: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is one of those meant, and there are times left."""
        return (
            self.happened < self.times
            and re.fullmatch(self.method, method, re.IGNORECASE) is not None
            and re.search(self.path, path, re.IGNORECASE) is not None
        )


class Faults:
    """The faults that are to happen, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._numbers = count(1)

    def add(self, fault: Fault) -> Fault:
        """Ask for one; it has an id from then on."""
        with self._lock:
            fault.id = next(self._numbers)
            self._faults.append(fault)
        return fault

    def remove(self, number: int) -> Fault:
        """Ask for this one no more; it, with how often it happened. KeyError when there is none of that id."""
        with self._lock:
            for fault in self._faults:
                if fault.id == number:
                    self._faults.remove(fault)
                    return fault
        raise KeyError(number)

    def clear(self) -> None:
        """Ask for none."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[Fault]:
        """Those asked for, with how often they happened."""
        return list(self._faults)

    def take(self, kinds: set[Kind], method: str, path: str) -> Fault | None:
        """The first fault that fits, counted as happened; None for a request that nothing is to happen to."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.matches(method, path):
                    fault.happened += 1
                    return fault
        return None

    def slow_operation(self, verb: str, path: str) -> Fault | None:
        """What has an operation on a resource take its seconds, while it is asked for; None: what the pace says."""
        return self.take({"slow_operation"}, _method(verb), ARM_HOST + path)

    def failing_operation(self, verb: str, path: str) -> AzureError | None:
        """The error with which an operation on a resource is to end, if any."""
        fault = self.take({"failed_operation"}, _method(verb), ARM_HOST + path)
        return AzureError(500, "InternalServerError", "The operation failed (injected fault).") if fault else None

    def silences(self, method: str, path: str) -> bool:
        """Whether this update of a resource is to be accepted and not done."""
        return self.take({"silent_no_op"}, method, ARM_HOST + path) is not None


def _method(verb: str) -> str:
    return "DELETE" if verb == "delete" else "PUT"
