"""Workspaces: each comes with a storage account, default datastores and the addresses of its region's services."""

import re
import uuid

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.identity.access import TENANT_ID
from emulator.storage.account_name import derived_account
from emulator.world import World

DEFAULT_REGION = "westeurope"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}")
DEFAULT_STORES = {
    "workspaceblobstore": ("AzureBlob", "azureml-blobstore-{guid}"),
    "workspaceartifactstore": ("AzureBlob", "azureml"),
    "workspacefilestore": ("AzureFile", "azureml-filestore-{guid}"),
    "workspaceworkingdirectory": ("AzureFile", "code-{guid}"),
}


def region_of(document: Document) -> str:
    """`West Europe` and `westeurope` are one."""
    return str(document.get("location") or DEFAULT_REGION).replace(" ", "").lower()


def workspace_of(world: World, id: ResourceId) -> Document:
    """The document of the workspace (or registry) around a resource; empty when there is none."""
    return world.store.get(id.ancestor(1).path) or {}


def storage_account_id(id: ResourceId, account: str) -> str:
    """The ARM id of a storage account in the same resource group."""
    return f"{id.scope}/providers/Microsoft.Storage/storageAccounts/{account}"


def add_storage_account(world: World, path: str, region: str) -> None:
    """Make the storage account of a workspace or registry, unless it is there."""
    if world.store.get(path) is None:
        name = path.rpartition("/")[2]
        endpoints = {"blob": f"https://{name}.blob.core.windows.net/", "dfs": f"https://{name}.dfs.core.windows.net/"}
        properties = {"provisioningState": "Succeeded", "primaryEndpoints": endpoints}
        named = {"id": path, "name": name, "type": "Microsoft.Storage/storageAccounts", "location": region}
        kind = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        world.store.put(path, {**named, **kind, "properties": properties})


class Workspaces(Behaviour):
    """A PUT answers 200 or 201 when everything is there: no operation to poll."""

    type = "Microsoft.MachineLearningServices/workspaces"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Check the name, keep what only the service decides."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"Workspace name '{id.name}' is invalid. It must be between 2 and 33 characters long, start with a "
                "letter or digit, and contain only letters, digits, '-' and '_'.",
                "ValidationError",
            )
        before = (existing or {}).get("properties", {})
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        region = region_of(existing or body)
        properties = {**before, **given}
        properties["workspaceId"] = before.get("workspaceId") or str(uuid.uuid4())
        properties["discoveryUrl"] = f"https://{region}.api.azureml.ms/discovery"
        properties["mlFlowTrackingUri"] = f"azureml://{region}.api.azureml.ms/mlflow/v1.0{id.path}"
        properties["tenantId"] = before.get("tenantId") or TENANT_ID
        properties.setdefault("friendlyName", id.name)
        properties.setdefault("publicNetworkAccess", "Enabled")
        properties.setdefault("storageAccount", storage_account_id(id, derived_account(id.path)))
        properties["provisioningState"] = "Succeeded"
        add_storage_account(world, properties["storageAccount"], region)
        if existing is None:
            _add_datastores(world, id, properties["storageAccount"].rpartition("/")[2], properties["workspaceId"])
        known = {key: body.get(key) or (existing or {}).get(key) for key in ("tags", "sku", "kind", "identity")}
        known["sku"] = known["sku"] or {"name": "Basic", "tier": "Basic"}
        known["kind"] = known["kind"] or "Default"
        known["identity"] = known["identity"] or {"type": "SystemAssigned"}
        return {**known, "tags": known["tags"] or {}, "location": region, "properties": properties}


def _add_datastores(world: World, id: ResourceId, account: str, guid: str) -> None:
    for name, (kind, pattern) in DEFAULT_STORES.items():
        container = pattern.format(guid=guid)
        place = {"containerName": container} if kind == "AzureBlob" else {"fileShareName": container}
        store = id.child("datastores", name)
        properties = {
            "datastoreType": kind,
            "accountName": account,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "isDefault": name == "workspaceblobstore",
            "credentials": {"credentialsType": "AccountKey"},
            "serviceDataAccessAuthIdentity": "None",
            "tags": {},
            "properties": {},
            **place,
        }
        document = {"id": store.path, "name": name, "type": store.type, "properties": properties}
        world.store.put(store.path, document)
        world.blobs.create_container(account, container)
