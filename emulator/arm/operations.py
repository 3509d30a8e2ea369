"""Long-running operations: 201 and a place to poll, until the time that the pace gives has passed."""

import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import behaviour_of

if TYPE_CHECKING:
    from emulator.world import World


@dataclass
class Operation:
    """What is going on with one resource. due: monotonic seconds; verb: "create" or "delete"."""

    id: str
    resource: ResourceId
    verb: str
    due: float
    status: str = "InProgress"
    error: AzureError | None = None


class Operations:
    """All operations of this process; a restart ends the open ones as succeeded, as the stored documents say."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._lock = threading.RLock()
        self._all: dict[str, Operation] = {}
        self._open: dict[str, Operation] = {}

    def begin(self, resource: ResourceId, verb: str) -> Operation:
        """Start one; it ends when the pace of its resource type has passed."""
        operation = Operation(
            str(uuid.uuid4()), resource, verb, time.monotonic() + self._world.pace.seconds(resource.type, verb)
        )
        with self._lock:
            self._all[operation.id] = operation
            self._open[operation.id] = operation
        return operation

    def settle_due(self) -> None:
        """End every operation whose time has come; called before each request is answered."""
        if not self._open:
            return
        now = time.monotonic()
        with self._lock:
            for operation in [one for one in self._open.values() if one.due <= now]:
                del self._open[operation.id]
                self._end(operation)

    def settle_all(self) -> None:
        """End every open operation now (before the emulator stops)."""
        with self._lock:
            for operation in list(self._open.values()):
                operation.due = 0.0
        self.settle_due()

    def _end(self, operation: Operation) -> None:
        store, resource = self._world.store, operation.resource
        document = store.get(resource.path)
        if document is None:
            operation.status = "Succeeded" if operation.verb == "delete" else "Canceled"
            return
        behaviour = behaviour_of(resource.type)
        try:
            fault = self._world.faults.failing_operation(operation.verb, resource.path)
            if fault is not None:
                raise fault
            if operation.verb == "delete":
                store.delete(resource.path)
            else:
                document = behaviour.settle(self._world, resource, document)
                document.setdefault("properties", {})["provisioningState"] = "Succeeded"
                store.put(resource.path, document)
            operation.status = "Succeeded"
        except AzureError as error:
            operation.status, operation.error = "Failed", error
            document.setdefault("properties", {})["provisioningState"] = "Failed"
            store.put(resource.path, document)

    def status_document(self, operation_id: str) -> dict[str, Any]:
        """What the operation's own address answers."""
        operation = self._all.get(operation_id)
        if operation is None:
            raise AzureError(404, "OperationNotFound", f"The operation '{operation_id}' was not found.")
        status = "Updating" if operation.status == "InProgress" else operation.status
        document: dict[str, Any] = {"id": f"/operations/{operation_id}", "name": operation_id, "status": status}
        if operation.error is not None:
            document["error"] = operation.error.document["error"]
        return document

    def get(self, operation_id: str) -> Operation | None:
        """The operation, or None."""
        return self._all.get(operation_id)
