"""What the service knows about a job while it runs: its document, its log, its outputs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator.arm.resource_id import ResourceId
from emulator.execution.locations import Location, locate, workspace_id
from emulator.state import State

ENDED = frozenset({"Completed", "Failed", "Canceled"})
LOG = "user_logs/std_log.txt"


def now() -> str:
    """This moment as the service writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


class JobRecord:
    """One job's document in the store, changed as the job goes on."""

    def __init__(self, state: State, id: ResourceId) -> None:
        self._state = state
        self.id = id
        self.workspace = workspace_id(id.path)

    @property
    def document(self) -> dict[str, Any]:
        """As it stands now; empty when the job was deleted."""
        return self._state.store.get(self.id.path) or {"properties": {}}

    @property
    def properties(self) -> dict[str, Any]:
        """The document's properties."""
        found = self.document["properties"]
        assert isinstance(found, dict)  # noqa: S101 - the service writes them
        return found

    def update(self, **changes: Any) -> None:
        """Change properties."""
        document = self._state.store.get(self.id.path)
        if document is None:
            return
        document["properties"].update(changes)
        self._state.store.put(self.id.path, document)

    def begin(self) -> None:
        """It runs."""
        self.update(status="Running", startTimeUtc=now())

    def end(self, status: str, error: str = "") -> None:
        """It ended; what ended once stays so."""
        if self.properties.get("status") in ENDED:
            return
        changes: dict[str, Any] = {"status": status, "endTimeUtc": now()}
        if error:
            changes["error"] = {"code": "UserError", "message": error}
        self.update(**changes)

    def add_child(self, name: str, properties: dict[str, Any]) -> "JobRecord":
        """A job inside this one, such as a pipeline's step."""
        id = self.workspace.child("jobs", name)
        created = {"createdAt": now(), "createdBy": "signalbox", "createdByType": "Application"}
        body = {
            "status": "NotStarted",
            "parentJobName": self.id.name,
            "experimentName": self.properties.get("experimentName", "Default"),
        }
        document = {
            "id": id.path,
            "name": name,
            "type": id.type,
            "systemData": created,
            "properties": {**body, **properties},
        }
        self._state.store.put(id.path, document)
        return JobRecord(self._state, id)

    @property
    def artifacts(self) -> Location:
        """Where logs and the default output are."""
        return locate(
            self._state,
            self.workspace,
            f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{self.id.name}",
        )

    @property
    def log(self) -> Path:
        """The log file of user code."""
        return self.artifacts.inside(LOG).file(self._state)

    def write_log(self, text: str) -> None:
        """Add a line of the service's own to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(text.rstrip("\n") + "\n")
