"""Jobs: created by PUT, run at once, cancelled by POST. A pipeline's steps are read through run history, as in Azure."""

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, bad_request, conflict
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.execution.locations import workspace_id
from emulator.execution.records import ENDED
from emulator.world import World

HIDDEN = ("batch", "parentJobName", "error", "startTimeUtc", "endTimeUtc")
"""What the emulator notes on a job and the service does not show here."""
EDITABLE = ("tags", "properties", "displayName", "description", "isArchived")


class Jobs(Behaviour):
    """Command and pipeline jobs."""

    type = "Microsoft.MachineLearningServices/workspaces/jobs"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Check and complete a new job; of one that is there, only labels change."""
        given = body.get("properties") or {}
        if existing is not None:
            if existing["properties"].get("parentJobName"):
                raise conflict("A step of a pipeline cannot be changed.")
            changes = {name: given[name] for name in EDITABLE if name in given}
            return {**existing, "properties": {**existing["properties"], **changes}}
        kind = str(given.get("jobType", ""))
        if kind.lower() not in {"command", "pipeline"}:
            raise bad_request(f"The emulator runs command and pipeline jobs, not '{kind}'.", "UserError")
        for compute in _computes(given):
            if world.store.get(compute) is None:
                raise AzureError(
                    404,
                    "UserError",
                    f"Requested compute '{compute.rsplit('/', 1)[-1]}' was not found in the workspace.",
                )
        defaults = {"tags": {}, "properties": {}, "experimentName": "Default", "isArchived": False}
        properties = {
            **defaults,
            **{key: value for key, value in given.items() if value is not None},
            "status": "NotStarted",
        }
        properties.setdefault("displayName", id.name)
        properties["outputs"] = _places(id.name, properties.get("outputs") or {})
        location = (world.store.get(workspace_id(id.path).path) or {}).get("location", "westeurope")
        studio = f"https://ml.azure.com/runs/{id.name}?wsid={workspace_id(id.path).path}"
        properties["services"] = {
            "Tracking": {
                "jobServiceType": "Tracking",
                "endpoint": f"azureml://{location}.api.azureml.ms/mlflow/v1.0{workspace_id(id.path).path}",
            },
            "Studio": {"jobServiceType": "Studio", "endpoint": studio},
        }
        return {"properties": properties}

    def created(self, world: World, id: ResourceId) -> None:
        """Start it."""
        world.executor.submit(id)

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Without what the emulator noted; a step has no properties here."""
        if document["properties"].get("parentJobName"):
            return {**document, "properties": None}
        properties = {key: value for key, value in document["properties"].items() if key not in HIDDEN}
        outputs = {**(properties.get("outputs") or {})}
        outputs["default"] = {
            "jobOutputType": "uri_folder",
            "mode": "ReadWriteMount",
            "uri": f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{id.name}",
        }
        return {**document, "properties": {**properties, "outputs": outputs}}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Jobs of their own, newest first; archived ones only when asked for."""
        view = query.get("listViewType", "ActiveOnly")
        jobs = [one for one in reversed(documents) if one["properties"] is not None]
        return [
            one
            for one in jobs
            if view == "All" or bool(one["properties"].get("isArchived")) == (view == "ArchivedOnly")
        ]

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """A job that runs is not deleted."""
        if document["properties"].get("status") not in ENDED:
            raise conflict(f"The job {id.name} is {document['properties'].get('status')}; cancel it first.")

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """POST …/cancel."""
        document = world.store.get(id.path)
        if name != "cancel" or document is None:
            return super().action(world, id, name, body)
        if document["properties"].get("status") not in ENDED:
            world.executor.cancel(id.name)
        return Answer(200)


def _computes(properties: Document) -> list[str]:
    settings = properties.get("settings") or {}
    found = [properties.get("computeId"), settings.get("default_compute")]
    found += [step.get("computeId") for step in (properties.get("jobs") or {}).values()]
    return [str(one) for one in found if one and str(one).startswith("/")]


def _places(job: str, outputs: Document) -> Document:
    """Every output with an address: the one asked for, or the default."""
    placed: Document = {}
    for name, rest in outputs.items():
        output = {key: value for key, value in (rest or {}).items() if value is not None}
        output.setdefault("jobOutputType", "uri_folder")
        output.setdefault("uri", f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{name}/")
        placed[name] = output
    return placed
