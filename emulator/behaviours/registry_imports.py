"""Sharing: a workspace's asset, copied with its files into a registry while the operation runs."""

import re

from emulator.arm.errors import AzureError, bad_request, conflict
from emulator.arm.resource_id import ResourceId
from emulator.arm.stamp import stamped
from emulator.behaviours import Behaviour, Document, behaviour_of
from emulator.behaviours.registries import new_container
from emulator.execution.locations import locate
from emulator.world import World

SOURCE = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)/(?P<kind>models|data|environments)/(?P<name>[^/]+)"
    r"/versions/(?P<version>[^/]+)"
)
FILES = {"models": "modelUri", "data": "dataUri"}
KEPT = (
    "tags",
    "properties",
    "description",
    "flavors",
    "modelType",
    "dataType",
    "image",
    "condaFile",
    "build",
    "osType",
)


class RegistryImports(Behaviour):
    """One copy, ordered by POST {registry}/import. A fault of its operation is matched by `registries/.+/imports/`."""

    type = "Microsoft.MachineLearningServices/registries/imports"

    def settle(self, world: World, id: ResourceId, document: Document) -> Document:
        """Make the copy; nothing is left in the registry when it fails."""
        order = document["properties"]
        found = SOURCE.fullmatch(order["sourceAssetId"])
        if found is None:
            raise bad_request(f"The asset id '{order['sourceAssetId']}' cannot be imported.", "UserError")
        workspace = _workspace(world, found["workspace"])
        source = world.store.get(workspace.child(found["kind"], found["name"]).child("versions", found["version"]).path)
        if source is None:
            raise AzureError(404, "UserError", f"The asset '{order['sourceAssetId']}' was not found.")
        name, version = order["destinationName"], order["destinationVersion"]
        target = id.ancestor(1).child(found["kind"], name).child("versions", version)
        if world.store.get(target.path) is not None:
            raise conflict(f"The asset '{name}' with version '{version}' already exists in the registry.", "UserError")
        properties = {key: source["properties"][key] for key in KEPT if source["properties"].get(key) is not None}
        field = FILES.get(found["kind"])
        if field:
            properties[field] = _copied(world, workspace, source["properties"][field], id.ancestor(1))
        body = behaviour_of(target.type).prepare(world, target, {"properties": properties}, None)
        body["properties"]["provisioningState"] = "Succeeded"
        world.store.put(target.path, stamped(target, body, None))
        return document


def _workspace(world: World, guid: str) -> ResourceId:
    for document in world.store.all_of("Microsoft.MachineLearningServices/workspaces"):
        if guid in (document["properties"]["workspaceId"], document["name"]):
            return ResourceId.parse(document["id"])
    raise AzureError(404, "UserError", f"The workspace '{guid}' was not found.")


def _copied(world: World, workspace: ResourceId, uri: str, registry: ResourceId) -> str:
    place = locate(world, workspace, uri)
    source = place.file(world)
    if not source.exists():
        raise AzureError(404, "UserError", f"The files at '{uri}' were not found.")
    account, container = new_container(world, registry)
    if source.is_dir():
        world.blobs.put_folder(account, container, source.name, source)
    else:
        world.blobs.write(account, container, source.name, source)
    return f"https://{account}.blob.core.windows.net/{container}/{source.name}"
