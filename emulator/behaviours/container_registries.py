"""Container registries: their names are the whole world's, since each is a host's."""

import re
import uuid

from emulator.arm.call import Answer
from emulator.arm.errors import bad_request, conflict, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.arm.stamp import stamped
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.container_registry_admin import CHANGES, list_credentials, regenerate_credential
from emulator.behaviours.container_registry_import import import_image
from emulator.behaviours.dispatch import located
from emulator.behaviours.regions import chosen_region
from emulator.images.build_request import BuildRequest
from emulator.images.build_run import LOGS, UPLOADS
from emulator.images.image_reference import HOST_SUFFIX
from emulator.images.repository import now
from emulator.storage.account_name import derived_account
from emulator.world import World

NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
TYPE = "Microsoft.ContainerRegistry/registries"
WRONG_NAME = (
    "Registry names may contain alpha numeric characters only and must be between 5 and 50 characters in length; "
    "'{}' is none."
)


class ContainerRegistryNames(Behaviour):
    """POST /subscriptions/…/providers/Microsoft.ContainerRegistry/checkNameAvailability."""

    type = "Microsoft.ContainerRegistry"

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """Whether a registry may have a name."""
        if name.lower() != "checknameavailability":
            return super().action(world, id, name, body)
        wanted = str(body.get("name") or "")
        if not NAME.fullmatch(wanted):
            return Answer(document={"nameAvailable": False, "reason": "Invalid", "message": WRONG_NAME.format(wanted)})
        if container_registry_at(world, wanted.lower() + HOST_SUFFIX) is not None:
            text = f"The registry {wanted} is already in use."
            return Answer(document={"nameAvailable": False, "reason": "AlreadyExists", "message": text})
        return Answer(document={"nameAvailable": True})


class ContainerRegistries(Behaviour):
    """Long running, as on Azure."""

    type = TYPE
    long_running = True
    ends_with_status = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse what Azure refuses; complete the rest."""
        if not NAME.fullmatch(id.name):
            raise bad_request(WRONG_NAME.format(id.name), "InvalidResourceName")
        host = id.name.lower() + HOST_SUFFIX
        other = container_registry_at(world, host)
        if other is not None and other["id"].lower() != id.key:
            raise conflict(f"The registry DNS name {host} is already in use.", "AlreadyInUse")
        sku = str((body.get("sku") or (existing or {}).get("sku") or {}).get("name") or "").capitalize()
        if sku not in {"Basic", "Standard", "Premium"}:
            raise bad_request(f"The SKU '{sku or '(none)'}' is not one of Basic, Standard, Premium.", "InvalidSku")
        before = (existing or {}).get("properties", {})
        given = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        given.pop(CHANGES, None)
        defaults = {"adminUserEnabled": False, "publicNetworkAccess": "Enabled", "zoneRedundancy": "Disabled"}
        fixed = {"loginServer": host, "creationDate": before.get("creationDate") or now()}
        return {
            "location": chosen_region(self.type, existing or body),
            "tags": body.get("tags") or {},
            "sku": {"name": sku, "tier": sku},
            "properties": {**defaults, **before, **given, **fixed},
        }

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Without what only the emulator needs to know."""
        properties = {key: value for key, value in document["properties"].items() if key != CHANGES}
        return {**document, "properties": properties}

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """Its images, sources and logs go with it."""
        for run in world.store.children(f"{id.path}/runs"):
            world.builds.cancel(ResourceId.parse(run["id"]))
        world.images.delete_registry(document["properties"]["loginServer"])
        for container in (UPLOADS, LOGS):
            world.blobs.delete_container(derived_account(id.path), container)

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """listCredentials, regenerateCredential, listBuildSourceUploadUrl, importImage, scheduleRun."""
        document = world.store.get(id.path)
        if document is None:
            raise resource_not_found(id)
        match name.lower():
            case "listcredentials":
                return list_credentials(world, document)
            case "regeneratecredential":
                return regenerate_credential(world, document, str(body.get("name") or ""))
            case "listbuildsourceuploadurl":
                return _upload(world, id)
            case "importimage":
                import_image(world, document, body)
                return located(world, world.operations.begin(id, "action", document))
            case "schedulerun":
                return _schedule(world, id, document, body)
        return super().action(world, id, name, body)


def container_registry_at(world: World, host: str) -> Document | None:
    """The registry whose login server that is."""
    for document in world.store.all_of(TYPE):
        if document["properties"]["loginServer"] == host:
            return document
    return None


def _upload(world: World, id: ResourceId) -> Answer:
    account = derived_account(id.path)
    world.blobs.create_container(account, UPLOADS)
    path = f"source/{uuid.uuid4()}.tar.gz"
    sas = world.keys.container_sas(account, UPLOADS, "cw", hours=1)
    address = f"https://{account}.blob.core.windows.net/{UPLOADS}/{path}?{sas}"
    return Answer(document={"uploadUrl": address, "relativePath": path})


def _schedule(world: World, id: ResourceId, document: Document, body: Document) -> Answer:
    number = max((int(one["name"][2:]) for one in world.store.children(f"{id.path}/runs")), default=0) + 1
    run = id.child("runs", f"ca{number}")
    request = BuildRequest.parse(body, document["properties"]["loginServer"], run.name)
    properties = {
        "runId": run.name,
        "status": "Queued",
        "runType": "QuickRun",
        "createTime": now(),
        "lastUpdatedTime": now(),
        "platform": {"architecture": "amd64", **(body.get("platform") or {})},
        "agentConfiguration": {"cpu": 2},
        "provisioningState": "Succeeded",
        "isArchiveEnabled": bool(body.get("isArchiveEnabled")),
        "outputImages": [],
    }
    kept = stamped(run, {"properties": properties}, None)
    world.store.put(run.path, kept)
    world.builds.submit(run, request)
    return Answer(document=kept)
