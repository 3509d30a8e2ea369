"""Long-running operations: 201 and a place to poll, until the time that the pace gives has passed."""

import logging
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.arm.stamp import moment
from emulator.controls.faults import Fault
from emulator.state import State

Document = dict[str, Any]
KEPT = 10_000
"""Operations that can still be asked for; older ones answer 404."""
VERBS = {"Creating": "create", "Updating": "create", "Deleting": "delete"}
"""What is going on with a resource in one of these states."""
_log = logging.getLogger("emulator")


@dataclass
class Operation:
    """What is going on with one resource.

    begun, due: monotonic seconds. slowed_by: the fault whose seconds it takes, whatever the pace. verb: "create", "delete" or "action".
    previous: what a failure puts back, if anything.
    """

    id: str
    resource: ResourceId
    verb: str
    begun: float
    due: float
    previous: Document | None = None
    slowed_by: Fault | None = None
    status: str = "InProgress"
    error: AzureError | None = None
    started: str = field(default_factory=moment)


class Hooks(Protocol):
    """What resource types do about operations on their resources."""

    def working(self, id: ResourceId) -> bool:
        """Whether something real still goes on, so that an operation whose time has come is not over yet."""
        ...

    def settle(self, id: ResourceId, document: Document) -> Document:
        """The document once its operation succeeded; AzureError makes the operation end Failed."""
        ...

    def operation_shown(self, id: ResourceId, document: Document) -> Document:
        """What is said of an operation that goes on with the resource, or ended."""
        ...


class Operations:
    """All operations of this process; what a process left open when it was killed is ended by `settle_left_over`."""

    def __init__(self, state: State, hooks: Hooks) -> None:
        self._state, self._hooks = state, hooks
        self._lock = threading.RLock()
        self._all: dict[str, Operation] = {}
        self._open: dict[str, Operation] = {}

    def begin(self, resource: ResourceId, verb: str, previous: Document | None = None) -> Operation:
        """Start one; it ends when the pace of its resource type has passed, or the time of a fault that slows it down."""
        fault, now = self._state.faults.slow_operation(verb, resource.path), time.monotonic()
        operation = Operation(str(uuid.uuid4()), resource, verb, now, now, previous, fault)
        operation.due = now + (self._paced(operation) if fault is None else fault.seconds)
        with self._lock:
            self._all[operation.id] = operation
            if len(self._all) > KEPT:
                del self._all[next(iter(self._all))]
            self._open[operation.id] = operation
        return operation

    def _paced(self, operation: Operation) -> float:
        is_update = operation.verb == "create" and operation.previous is not None
        return self._state.pace.seconds(operation.resource.type, "update" if is_update else operation.verb)

    def keep_pace(self) -> None:
        """Have what is under way end by the pace that is set now, but for what a fault slows down that is still asked for."""
        asked_for = {fault.id for fault in self._state.faults.listed()}
        with self._lock:
            for operation in self._open.values():
                if operation.slowed_by is None or operation.slowed_by.id not in asked_for:
                    operation.due = operation.begun + self._paced(operation)

    def settle_due(self) -> None:
        """End every operation whose time has come; called before each request is answered."""
        if not self._open:
            return
        now = time.monotonic()
        with self._lock:
            for operation in [one for one in self._open.values() if one.due <= now and not self._works(one)]:
                del self._open[operation.id]
                self._end(operation)

    def _works(self, operation: Operation) -> bool:
        return self._hooks.working(operation.resource)

    def is_open(self, resource: ResourceId) -> bool:
        """Whether something is going on with the resource."""
        with self._lock:
            return any(one.resource.key == resource.key for one in self._open.values())

    def settle_all(self) -> None:
        """End every open operation now (before the emulator stops)."""
        with self._lock:
            for operation in self._open.values():
                operation.due = 0.0
        self.settle_due()

    def settle_left_over(self) -> None:
        """End what an emulator that was killed left Creating, Updating or Deleting."""
        for document in self._state.store.all_in_states(*VERBS):
            resource = ResourceId.parse(document["id"])
            self._end(
                Operation(str(uuid.uuid4()), resource, VERBS[document["properties"]["provisioningState"]], 0.0, 0.0)
            )

    def forget(self) -> None:
        """Drop them all, ended or not."""
        with self._lock:
            self._all.clear()
            self._open.clear()

    def _end(self, operation: Operation) -> None:
        resource = operation.resource
        document = self._state.store.get(resource.path)
        if document is None:
            operation.status = "Succeeded" if operation.verb == "delete" else "Canceled"
            return
        try:
            self._finish(operation, document)
            operation.status = "Succeeded"
        except AzureError as error:
            self._fail(operation, document, error)
        except Exception:  # noqa: BLE001 (a fault of the emulator must not leave the operation open for ever)
            _log.exception("the operation on %s failed", resource.path)
            text = "The emulator failed at this operation; its log has the traceback."
            self._fail(operation, document, AzureError(500, "InternalServerError", text))

    def _finish(self, operation: Operation, document: Document) -> None:
        store, resource = self._state.store, operation.resource
        fault = self._state.faults.failing_operation(operation.verb, resource.path)
        if fault is not None:
            raise fault
        if operation.verb == "delete":
            store.delete(resource.path)
            return
        document = self._hooks.settle(resource, document)
        document.setdefault("properties", {})["provisioningState"] = "Succeeded"
        store.put(resource.path, document)

    def _fail(self, operation: Operation, document: Document, error: AzureError) -> None:
        operation.status, operation.error = "Failed", error
        if operation.previous is not None:
            document = operation.previous
        else:
            document.setdefault("properties", {})["provisioningState"] = "Failed"
        self._state.store.put(operation.resource.path, document)

    def status_document(self, operation_id: str) -> Document:
        """What the operation's own address answers."""
        operation = self._all.get(operation_id)
        if operation is None:
            raise AzureError(404, "OperationNotFound", f"The operation '{operation_id}' was not found.")
        status = "Updating" if operation.status == "InProgress" else operation.status
        document: Document = {"id": f"/operations/{operation_id}", "name": operation_id, "status": status}
        document["startTime"] = operation.started
        if operation.error is not None:
            document["error"] = operation.error.document["error"]
        return self._hooks.operation_shown(operation.resource, document)

    def get(self, operation_id: str) -> Operation | None:
        """The operation, or None."""
        return self._all.get(operation_id)
