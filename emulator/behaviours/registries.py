"""Registries: assets that all workspaces of the tenant share, with a storage account of their own."""

import re
import uuid

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, bad_request, conflict
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.dispatch import accepted
from emulator.behaviours.workspaces import add_storage_account, region_of, storage_account_id
from emulator.identity.access import TENANT_ID
from emulator.storage.account_name import derived_account
from emulator.world import World

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}")


class Registries(Behaviour):
    """A PUT answers 200 or 201 when everything is there: no operation to poll."""

    type = "Microsoft.MachineLearningServices/registries"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Check the name, which is the tenant's; make the storage."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"Registry name '{id.name}' is invalid. It must be between 2 and 33 characters long, start with a "
                "letter or digit, and contain only letters, digits, '-' and '_'.",
                "ValidationError",
            )
        other = registry_named(world, id.name)
        if other is not None and other["id"].lower() != id.key:
            raise conflict(f"The registry name '{id.name}' is taken. Registry names must be unique within the tenant.")
        region = region_of(existing or body)
        account = derived_account(id.path)
        add_storage_account(world, storage_account_id(id, account), region)
        storage = {"storageAccountName": account, "armResourceId": {"resourceId": storage_account_id(id, account)}}
        details = {
            "location": region,
            "acrDetails": [],
            "storageAccountDetails": [{"systemCreatedStorageAccount": storage}],
        }
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        fixed = {
            "regionDetails": [details],
            "discoveryUrl": f"https://{region}.api.azureml.ms/registrymanagement/v1.0/registries/{id.name}/discovery",
            "mlFlowRegistryUri": f"azureml://{region}.api.azureml.ms/mlflow/v1.0{id.path}",
            "provisioningState": "Succeeded",
        }
        properties = {"publicNetworkAccess": "Enabled", **given, **fixed}
        identity = body.get("identity") or {"type": "SystemAssigned", "tenantId": TENANT_ID}
        return {"location": region, "tags": body.get("tags") or {}, "identity": identity, "properties": properties}

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """import: copy a workspace's asset here; the operation's result is empty, as clients expect."""
        if name.lower() != "import":
            return super().action(world, id, name, body)
        ticket = id.child("imports", str(uuid.uuid4()))
        order = dict(body.get("properties") or {})
        for field in ("sourceAssetId", "destinationName", "destinationVersion"):
            if not order.get(field):
                raise bad_request(f"The import needs '{field}'.", "UserError")
        world.store.put(ticket.path, {"id": ticket.path, "name": ticket.name, "type": ticket.type, "properties": order})
        return accepted(world, world.operations.begin(ticket, "action"))


def new_container(world: World, registry: ResourceId) -> tuple[str, str]:
    """A container for one asset's files in a registry's storage: account and name."""
    account = derived_account(registry.path)
    head = re.sub(r"[^a-z0-9]+", "-", registry.name.lower()).strip("-")[:20]
    container = f"{head}-{uuid.uuid4()}"
    world.blobs.create_container(account, container)
    return account, container


def registry_named(world: World, name: str) -> Document | None:
    """The registry of that name, whatever its subscription and group."""
    return next(iter(world.store.named(Registries.type, name)), None)


def known_registry(world: World, name: str) -> Document:
    """The registry of that name; Azure's error when there is none."""
    document = registry_named(world, name)
    if document is None:
        raise AzureError(404, "RegistryNotFound", f"Registry with name '{name}' was not found.")
    return document
