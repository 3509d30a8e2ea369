"""Storage accounts and their containers, as ARM knows them; their blobs are elsewhere."""

import re

from emulator.arm.call import Answer
from emulator.arm.errors import bad_request, not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.workspaces import region_of
from emulator.world import World

NAME = re.compile(r"[a-z0-9]{3,24}")


class StorageAccounts(Behaviour):
    """An account, with one key."""

    type = "Microsoft.Storage/storageAccounts"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """A name that can be part of a host's."""
        if not NAME.fullmatch(id.name):
            raise bad_request(
                f"{id.name} is not a valid storage account name. Storage account name must be between 3 and 24 "
                "characters in length and use numbers and lower-case letters only.",
                "AccountNameInvalid",
            )
        kinds = {kind: f"https://{id.name}.{kind}.core.windows.net/" for kind in ("blob", "dfs", "file")}
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        properties = {**given, "primaryEndpoints": kinds, "provisioningState": "Succeeded"}
        known = {"location": region_of(existing or body), "tags": body.get("tags") or {}}
        sku = body.get("sku") or {"name": "Standard_LRS"}
        return {**known, "kind": body.get("kind") or "StorageV2", "sku": sku, "properties": properties}

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """listKeys."""
        if name.lower() != "listkeys":
            return super().action(world, id, name, body)
        if world.store.get(id.path) is None:
            raise not_found("storageAccounts", id.name)
        key = {"keyName": "key1", "value": world.keys.key(id.name), "permissions": "FULL"}
        return Answer(document={"keys": [key]})


class BlobContainers(Behaviour):
    """A container, made by ARM instead of by the blob service."""

    type = "Microsoft.Storage/storageAccounts/blobServices/containers"
    needs_parent = False

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """There at once."""
        world.blobs.create_container(id.names[0], id.name)
        return {"properties": {"publicAccess": "None", **(body.get("properties") or {})}}

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """With all its blobs."""
        world.blobs.delete_container(id.names[0], id.name)
