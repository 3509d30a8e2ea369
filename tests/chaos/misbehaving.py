"""What goes wrong with Azure while one fleet is released: some of every kind, and only at what that fleet asks for."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.control_client import Control

KINDS = ("throttle", "server_error", "reset", "lost_answer", "failed_operation", "silent_no_op", "slow")
AT_ONCE = (2, 3, 4)
"""Kinds in one trial."""


class Misbehaviour:
    """Faults that happen until `end`."""

    def __init__(self, azure: "Control", fleet: str, chance: random.Random) -> None:
        self._azure = azure
        self.kinds = chance.sample(KINDS, chance.choice(AT_ONCE))
        self._ids = [azure.add_fault(**form) for kind in self.kinds for form in forms_of(kind, fleet, chance)]

    def end(self) -> Counter[str]:
        """No more of them, and how often each kind happened; those of other fleets stay."""
        happened: Counter[str] = Counter()
        while self._ids:
            fault = self._azure.remove_fault(self._ids.pop())
            happened[fault.kind] += fault.happened
        return +happened


def forms_of(kind: Any, fleet: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The faults of a kind. Each happens only a few times: the SDKs try again by themselves, and wait longer each time."""
    endpoint, ledger = f"batchEndpoints/be-{fleet}-", f"ledger/([a-z]+/)?{fleet}/"
    anywhere = (endpoint, ledger, f"registries/mlr-shared/[a-z]+/{fleet}-")
    match kind:
        case "throttle":
            for path in anywhere:
                yield {"kind": kind, "path": path, "times": chance.randint(1, 6), "retry_after": 0.1}
        case "server_error":
            for path in anywhere:
                status = chance.choice((500, 502, 503, 504))
                yield {"kind": kind, "path": path, "times": chance.randint(1, 2), "status": status}
        case "reset":
            for path in anywhere:
                yield {"kind": kind, "path": path, "times": chance.randint(1, 2)}
        case "lost_answer":
            for path in (endpoint, ledger):
                yield {"kind": kind, "path": path, "method": "PUT", "times": chance.randint(1, 2)}
        case "failed_operation":
            stage, deployments = chance.choice(("test", "prod")), chance.choice(("", "/deployments/[^/]+"))
            yield {"kind": kind, "path": rf"mlw-{stage}/{endpoint}[a-z0-9]+{deployments}$"}
        case "silent_no_op":
            stage = chance.choice(("test", "prod"))
            yield {"kind": kind, "path": rf"mlw-{stage}/{endpoint}[a-z0-9]+$", "times": chance.randint(1, 2)}
        case "slow":
            for path in (endpoint, ledger):
                yield {"kind": kind, "path": path, "method": "GET", "times": chance.randint(2, 6), "seconds": 0.3}
