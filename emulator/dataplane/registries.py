"""{region}.api.azureml.ms: registries are found by name, and their assets are asked for under mferp/managementfrontend.

Behind that prefix the paths are ARM's, so that the same behaviours answer.
"""

import re
from dataclasses import replace

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError, conflict, not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours.codes import pending_upload
from emulator.behaviours.dispatch import answer as arm_answer
from emulator.behaviours.registries import known_registry, new_container
from emulator.behaviours.registry_assets import registry_asset_id
from emulator.behaviours.workspaces import region_of
from emulator.dataplane import ML_AUDIENCE, ML_HOST, service
from emulator.dataplane.discovery import API_HOST
from emulator.execution.locations import locate
from emulator.identity.access import TENANT_ID
from emulator.world import World

PREFIX = "/mferp/managementfrontend"
DISCOVERY = re.compile(r"/registrymanagement/v1\.0/registries/(?P<name>[^/]+)/discovery")
ASSET = re.compile(r"azureml://registries/[^/]+/(?P<kind>[^/]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)")


@service(API_HOST, r"/registrymanagement/v1\.0/", ML_AUDIENCE)
def discovery(world: World, call: Call) -> Answer:
    """Where a registry is."""
    found = DISCOVERY.fullmatch(call.path)
    if found is None:
        raise not_found("path", call.path)
    document = known_registry(world, found["name"])
    id, region = ResourceId.parse(document["id"]), region_of(document)
    subscription, group = id.scope.split("/")[2], id.scope.split("/")[4]
    return Answer(
        document={
            "registryName": id.name,
            "tenantId": TENANT_ID,
            "primaryRegion": region,
            "regions": [region],
            "subscriptionId": subscription,
            "resourceGroup": group,
            "workspaceName": None,
            "primaryRegionResourceProviderUri": f"https://{region}.api.azureml.ms/",
            "registryFqdns": {region: {"registryFqdn": f"{region}.api.azureml.ms"}},
        }
    )


@service(ML_HOST, rf"{PREFIX}/subscriptions/.+?/registries/", ML_AUDIENCE)
def registry(world: World, call: Call) -> Answer:
    """One registry's assets, and the signatures that open their files."""
    path = call.path.removeprefix(PREFIX)
    id = ResourceId.parse(path)
    home = ResourceId.parse(known_registry(world, id.names[0])["id"])
    kind = id.pairs[1][0].lower() if len(id.pairs) > 1 else ""
    if kind == "tempdatarefs" and call.method == "PUT":
        return _upload(world, home, str(call.json().get("assetId")))
    if kind == "datarefs" and call.method == "POST":
        return _download(world, home, str(call.json().get("assetId")))
    rest = path[len(id.ancestor(1).path) :]
    return arm_answer(world, replace(call, path=home.path + rest))


def _upload(world: World, home: ResourceId, asset: str) -> Answer:
    if world.store.get(_asset(home, asset).path) is not None:
        raise conflict(f"The asset '{asset}' already exists.", "UserError")
    account, container = new_container(world, home)
    return Answer(document=pending_upload(world, account, container))


def _download(world: World, home: ResourceId, asset: str) -> Answer:
    id = _asset(home, asset)
    document = world.store.get(id.path)
    if document is None:
        raise not_found("asset", registry_asset_id(id))
    properties = document["properties"]
    uri = next((properties[field] for field in ("modelUri", "dataUri", "codeUri") if properties.get(field)), None)
    if uri is None:
        raise AzureError(400, "UserError", f"The asset {registry_asset_id(id)} has no files.")
    place = locate(world, home, uri)
    answer = pending_upload(world, place.account, place.container, permissions="rl")
    answer["blobReferenceForConsumption"]["blobUri"] = uri
    return Answer(document=answer)


def _asset(home: ResourceId, asset: str) -> ResourceId:
    found = ASSET.fullmatch(asset)
    if found is None:
        raise AzureError(400, "UserError", f"The asset id '{asset}' is not one of a registry.")
    return home.child(found["kind"], found["name"]).child("versions", found["version"])
