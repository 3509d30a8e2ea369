"""Code snapshots: found again by the hash of their content, uploaded to a container of their own."""

import uuid

from emulator.arm.call import Answer
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.behaviours.workspaces import workspace_of
from emulator.world import World


class Codes(AssetContainers):
    """The name of a snapshot; an anonymous one's is a GUID."""

    type = "Microsoft.MachineLearningServices/workspaces/codes"


class CodeVersions(AssetVersions):
    """A folder of code, under `codeUri`."""

    type = "Microsoft.MachineLearningServices/workspaces/codes/versions"
    content = ("codeUri",)
    noun, location = "code version", "CodeUri"

    def refusal(self) -> str:
        """What the SDK looks for (ASSET_PATH_ERROR)."""
        return "Asset paths cannot be updated."

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """With `hash`, the snapshots of that content in the whole workspace: the name in the path is a new one then."""
        wanted = query.get("hash")
        if wanted is None:
            return super().listed(world, collection, documents, query)
        workspace = collection.ancestor(1).path.lower() + "/"
        mine = (one for one in world.store.all_of(self.type) if one["id"].lower().startswith(workspace))
        return [one for one in mine if (one["properties"].get("properties") or {}).get("hash_sha256") == wanted]

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """startPendingUpload: a new container and a signature that opens it."""
        if name.lower() != "startpendingupload":
            return super().action(world, id, name, body)
        account = workspace_of(world, id)["properties"]["storageAccount"].rpartition("/")[2]
        container = f"{id.names[0].lower().replace('_', '-')[:24].strip('-')}-{uuid.uuid4()}"
        world.blobs.create_container(account, container)
        return Answer(document=pending_upload(world, account, container))


def pending_upload(world: World, account: str, container: str, permissions: str = "racwdl") -> Document:
    """Where to upload to (or read from), and the signature that opens it."""
    address = f"https://{account}.blob.core.windows.net/{container}"
    sas = f"{address}?{world.keys.container_sas(account, container, permissions)}"
    arm_id = f"/subscriptions/storage/providers/Microsoft.Storage/storageAccounts/{account}"
    reference = {
        "blobUri": address,
        "storageAccountArmId": arm_id,
        "credential": {"credentialType": "SAS", "sasUri": sas},
    }
    return {
        "pendingUploadId": str(uuid.uuid4()),
        "pendingUploadType": "TemporaryBlobReference",
        "blobReferenceForConsumption": reference,
    }
