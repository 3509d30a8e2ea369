"""Where an address of Azure ML's lies in the blob store."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from emulator.arm.errors import AzureError, bad_request, not_found
from emulator.arm.resource_id import ResourceId
from emulator.state import State

SHORT = re.compile(r"azureml://datastores/([^/]+)/paths/(.*)")
LONG = re.compile(r"azureml://(subscriptions/.+/workspaces/[^/]+)/datastores/([^/]+)/paths/(.*)", re.IGNORECASE)
ASSET = re.compile(r"azureml:([^:/]+):([^:/]+)")
REGISTRY = re.compile(
    r"azureml://registries/([^/]+)/(models|data|components|environments|codes)/([^/]+)/versions/([^/]+)"
)
JOB_OUTPUT = re.compile(r"azureml://jobs/([^/]+)/outputs/([^/]+)(?:/paths/(.*))?")
URI_FIELDS = ("dataUri", "modelUri", "codeUri")


@dataclass(frozen=True)
class Location:
    """A blob, or the folder of a prefix."""

    account: str
    container: str
    path: str

    def file(self, state: State) -> Path:
        """The file or folder on disk."""
        return state.blobs.path(self.account, self.container, self.path.strip("/"))

    def inside(self, path: str) -> "Location":
        """A place below this one."""
        return Location(self.account, self.container, f"{self.path.rstrip('/')}/{path}".strip("/"))


def workspace_id(path: str) -> ResourceId:
    """The workspace around any resource of it."""
    scope = re.search(
        r"/?(subscriptions/[^/]+/resourceGroups/[^/]+)/(?:providers/[^/]+/)?workspaces/([^/]+)", path, re.IGNORECASE
    )
    if scope is None:
        raise bad_request(f"{path} is not inside a workspace.")
    return ResourceId("/" + scope[1], "Microsoft.MachineLearningServices", (("workspaces", scope[2]),))


def locate(state: State, workspace: ResourceId, address: str) -> Location:
    """Find the place that an address means, seen from a workspace; Azure's error when there is none."""
    if found := SHORT.fullmatch(address):
        return _in_datastore(state, workspace, found[1], found[2])
    if found := LONG.fullmatch(address):
        return _in_datastore(state, workspace_id(found[1]), found[2], found[3])
    if found := JOB_OUTPUT.fullmatch(address):
        document = state.store.get(workspace.child("jobs", found[1]).path)
        if document is not None and found[2] in {"artifacts", "default"}:
            return _in_datastore(state, workspace, "workspaceartifactstore", f"ExperimentRun/dcid.{found[1]}").inside(
                found[3] or ""
            )
        output = ((document or {}).get("properties", {}).get("outputs") or {}).get(found[2])
        if not output or not output.get("uri"):
            raise not_found("job output", f"{found[1]}/{found[2]}")
        return locate(state, workspace, output["uri"]).inside(found[3] or "")
    if found := REGISTRY.match(address):
        return _of_asset(state, workspace, registry_asset(state, found[1], found[2], found[3], found[4]), address)
    if address.startswith("https://"):
        url = urlsplit(address)
        container, _, path = unquote(url.path).lstrip("/").partition("/")
        return Location(url.netloc.partition(".")[0], container, path)
    if address.lower().removeprefix("azureml:").startswith("/subscriptions/"):
        path = re.sub(r"^azureml:", "", address, flags=re.IGNORECASE)
        return _of_asset(state, workspace, state.store.get(path), address)
    if found := ASSET.fullmatch(address):
        for kind in ("data", "models"):
            document = state.store.get(workspace.child(kind, found[1]).child("versions", found[2]).path)
            if document is not None:
                return _of_asset(state, workspace, document, address)
        raise not_found("asset", address)
    raise bad_request(f"The address '{address}' is not one that the emulator can read.", "InvalidUri")


def registry_asset(state: State, registry: str, kind: str, name: str, version: str) -> dict[str, object] | None:
    """The document of an asset in a registry, wherever the registry was created."""
    for home in state.store.named("Microsoft.MachineLearningServices/registries", registry):
        found = state.store.get(f"{home['id']}/{kind}/{name}/versions/{version}")
        if found is not None:
            return found
    return None


def _in_datastore(state: State, workspace: ResourceId, name: str, path: str) -> Location:
    document = state.store.get(workspace.child("datastores", name).path)
    if document is None:
        raise not_found("datastore", name)
    properties = document["properties"]
    return Location(properties["accountName"], properties["containerName"], path)


def _of_asset(state: State, workspace: ResourceId, document: dict[str, object] | None, address: str) -> Location:
    if document is None:
        raise not_found("asset", address)
    properties = document["properties"]
    assert isinstance(properties, dict)  # noqa: S101 - the service stamps every document so
    for field in URI_FIELDS:
        if isinstance(properties.get(field), str):
            home = workspace_id(str(document["id"])) if "/workspaces/" in str(document["id"]).lower() else workspace
            return locate(state, home, properties[field])
    raise AzureError(400, "UserError", f"The asset {address} has no files.")
