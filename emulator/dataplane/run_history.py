"""{region}.api.azureml.ms/history and /data: what the SDK asks about runs and their outputs."""

import re
from typing import Any

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError, not_found
from emulator.dataplane import ML_AUDIENCE, ML_HOST, service
from emulator.execution.locations import LONG, SHORT, locate, workspace_id
from emulator.execution.records import JobRecord
from emulator.world import World

RUN = re.compile(
    r"/history/v1\.0/(?P<scope>subscriptions/.+?/workspaces/[^/]+)(?:/experiment(?:s|ids)/[^/]+)?/runs/(?P<run>[^/]+)(?P<rest>/.*)?"
)
RUN_DATA = re.compile(r"/history/v1\.0/(?P<scope>subscriptions/.+?/workspaces/[^/]+)/rundata")


@service(ML_HOST, r"/history/v1\.0/", ML_AUDIENCE)
def history(world: World, call: Call) -> Answer:
    """Runs: their metadata, details, children; a PATCH changes labels."""
    if found := RUN_DATA.fullmatch(call.path):
        record = _record(world, found["scope"], str(call.json().get("runId")))
        return Answer(document={"runMetadata": _run(record), "runDefinition": None, "jobSpecification": None})
    found = RUN.fullmatch(call.path)
    if found is None:
        raise AzureError(404, "NotFound", f"Run history has no {call.path}.")
    record = _record(world, found["scope"], found["run"])
    match (call.method, found["rest"] or ""):
        case ("GET", ""):
            return Answer(document=_run(record))
        case ("GET", "/details"):
            return Answer(document=_details(world, record))
        case ("GET", "/children"):
            return Answer(
                document={"value": [_run(child) for child in _children(world, record)], "continuationToken": None}
            )
        case ("PATCH", ""):
            changes = {
                key: value
                for key, value in call.json().items()
                if key in {"tags", "displayName", "description", "properties"}
            }
            record.update(**changes)
            return Answer(document=_run(record))
    raise AzureError(404, "NotFound", f"Run history has no {call.method} {call.path}.")


def _record(world: World, scope: str, run: str) -> JobRecord:
    record = JobRecord(world, workspace_id(f"/{scope}").child("jobs", run))
    if not record.properties:
        raise not_found("run", run)
    return record


def _children(world: World, record: JobRecord) -> list[JobRecord]:
    jobs = world.store.children(record.workspace.path + "/jobs")
    return [
        JobRecord(world, record.workspace.child("jobs", job["name"]))
        for job in jobs
        if job["properties"].get("parentJobName") == record.id.name
    ]


def _run(record: JobRecord) -> dict[str, Any]:
    document, properties = record.document, record.properties
    created = document["systemData"]["createdAt"]
    return {
        "runId": record.id.name,
        "parentRunId": properties.get("parentJobName"),
        "displayName": properties.get("displayName"),
        "description": properties.get("description"),
        "experimentId": properties.get("experimentName"),
        "status": properties.get("status"),
        "runType": "azureml.PipelineRun" if properties.get("jobType") == "Pipeline" else "azureml.StepRun",
        "createdUtc": created,
        "startTimeUtc": properties.get("startTimeUtc"),
        "endTimeUtc": properties.get("endTimeUtc"),
        "tags": properties.get("tags") or {},
        "properties": properties.get("properties") or {},
        "error": {"error": properties["error"]} if properties.get("error") else None,
        "outputs": {
            name: {
                "assetId": _asset_id(record, str(output["uri"])),
                "type": str(output.get("jobOutputType", "uri_folder")),
            }
            for name, output in (properties.get("outputs") or {}).items()
        },
    }


def _asset_id(record: JobRecord, uri: str) -> str:
    """An asset id that tells its own address, so that nothing has to be registered for it."""
    return f"azureml://locations/emulator/workspaces{record.workspace.path}/data/{uri}"


def _details(world: World, record: JobRecord) -> dict[str, Any]:
    folder, properties = record.artifacts, record.properties
    logs = {}
    for name in world.blobs.list(folder.account, folder.container, folder.path + "/"):
        path = name.removeprefix(folder.path + "/")
        if path.startswith(("user_logs/", "logs/", "azureml-logs/")):
            sas = world.keys.container_sas(folder.account, folder.container, "r")
            logs[path] = f"https://{folder.account}.blob.core.windows.net/{folder.container}/{name}?{sas}"
    return {
        "runId": record.id.name,
        "status": properties.get("status"),
        "startTimeUtc": properties.get("startTimeUtc"),
        "endTimeUtc": properties.get("endTimeUtc"),
        "error": {"error": properties["error"]} if properties.get("error") else None,
        "warnings": [],
        "properties": properties.get("properties") or {},
        "logFiles": logs,
    }


@service(ML_HOST, r"/data/v1\.0/.+/dataversion/batchGetResolvedUris", ML_AUDIENCE)
def resolved_uris(world: World, call: Call) -> Answer:
    """The address behind each output's asset id, in the long form that the SDK downloads from."""
    workspace = workspace_id(call.path)
    values: dict[str, Any] = {}
    for asset in call.json().get("values") or []:
        uri = str(asset).partition("/data/")[2]
        short = SHORT.fullmatch(uri)
        if short is None and LONG.fullmatch(uri) is None:
            raise not_found("data asset", str(asset))
        locate(world, workspace, uri)
        long = (
            uri
            if short is None
            else f"azureml:/{workspace.path.replace('/providers/Microsoft.MachineLearningServices', '')}/datastores/{short[1]}/paths/{short[2]}"
        )
        values[str(asset)] = {"uri": long, "type": "uri_folder"}
    return Answer(document={"values": values})
