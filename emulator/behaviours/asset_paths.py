"""Where an asset's files are, in the one form that the service keeps: the full azureml:// path of a datastore."""

import re

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.execution.locations import LONG, workspace_id
from emulator.world import World

_SHORT = re.compile(r"azureml://datastores/(?P<store>[^/]+)/paths/(?P<path>.*)", re.DOTALL)
_JOB = re.compile(r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths/(?P<path>.*))?", re.DOTALL)
_RUN = re.compile(r"runs:/(?P<job>[^/]+)/(?P<path>.+)")


def datastore_uri(workspace: ResourceId, store: str, path: str) -> str:
    """`azureml://subscriptions/…/workspaces/w/datastores/s/paths/p`."""
    scope = workspace.scope.replace("/resourceGroups/", "/resourcegroups/")
    return f"azureml:/{scope}/workspaces/{workspace.name}/datastores/{store}/paths/{path}"


def resolved_uri(world: World, workspace: ResourceId, uri: str) -> str:
    """The path of an asset in full; Azure's refusal when it names a job or datastore that is not there."""
    whole = LONG.fullmatch(uri)
    if whole:
        _check_datastore(world, workspace_id(f"/{whole[1]}"), whole[2])
        return uri
    short = _SHORT.fullmatch(uri)
    if short:
        _check_datastore(world, workspace, short["store"])
        return datastore_uri(workspace, short["store"], short["path"])
    run = _RUN.fullmatch(uri)
    if run:
        return _output_uri(world, workspace, run["job"], "artifacts", run["path"])
    job = _JOB.fullmatch(uri)
    if job:
        return _output_uri(world, workspace, job["job"], job["output"], job["path"] or "")
    return uri


def _check_datastore(world: World, workspace: ResourceId, name: str) -> None:
    if world.store.get(workspace.child("datastores", name).path) is None:
        raise bad_request(f"Could not find datastore: {name}", "UserError")


def _output_uri(world: World, workspace: ResourceId, job: str, output: str, path: str) -> str:
    document = world.store.get(workspace.child("jobs", job).path)
    if document is None:
        raise bad_request(f"Could not find job: {job}", "UserError")
    if output in {"artifacts", "default"}:
        return datastore_uri(workspace, "workspaceartifactstore", f"ExperimentRun/dcid.{job}/{path}")
    declared = (document["properties"].get("outputs") or {}).get(output)
    if declared is None:
        raise bad_request(f"The job '{job}' has no output '{output}'.", "UserError")
    place = declared.get("uri") or f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{output}/"
    whole = f"{place.rstrip('/')}/{path}" if path else place
    return resolved_uri(world, workspace, whole)
