"""Datastores: names for containers, and the keys that open them."""

from emulator.arm.call import Answer
from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.world import World

PLACES = {"AzureBlob": "containerName", "AzureDataLakeGen2": "filesystem", "AzureFile": "fileShareName"}


class Datastores(Behaviour):
    """A storage account's container under a name. Secrets are kept by no document: listSecrets answers them."""

    type = "Microsoft.MachineLearningServices/workspaces/datastores"

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Check that it says where it points to; the container is made, as if it had been there."""
        properties = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        kind = properties.get("datastoreType", "")
        if kind not in PLACES:
            raise bad_request(f"Datastore type '{kind}' is not supported.", "UserError")
        account, place = properties.get("accountName"), properties.get(PLACES[kind])
        if not account or not place:
            raise bad_request(f"The datastore '{id.name}' needs accountName and {PLACES[kind]}.", "UserError")
        world.blobs.create_container(account, place)
        credentials = properties.get("credentials") or {"credentialsType": "None"}
        properties["credentials"] = {"credentialsType": credentials.get("credentialsType", "None")}
        defaults = {"isDefault": False, "endpoint": "core.windows.net", "protocol": "https", "tags": {}}
        return {"properties": {**defaults, **(existing or {}).get("properties", {}), **properties}}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """`isDefault=true` asks for the one."""
        if query.get("isDefault", "").lower() != "true":
            return documents
        return [one for one in documents if one["properties"].get("isDefault")]

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """listSecrets: the account's key."""
        if name.lower() != "listsecrets":
            return super().action(world, id, name, body)
        document = world.store.get(id.path)
        if document is None:
            raise bad_request(f"Could not find datastore: {id.name}", "UserError")
        key = world.keys.key(document["properties"]["accountName"])
        return Answer(document={"secretsType": "AccountKey", "key": key})
