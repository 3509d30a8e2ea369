"""Container groups: containers that really run here, behind a public address of their own."""

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, conflict, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.container_group_fields import refuse_unsaid
from emulator.behaviours.container_group_rules import check_update, form_of, known, refuse_foreign, refuse_wrong
from emulator.behaviours.container_group_view import without_secrets, without_views
from emulator.behaviours.dispatch import accepted
from emulator.behaviours.managed_identity import known_identity
from emulator.behaviours.pull_rights import may_pull
from emulator.behaviours.regions import chosen_region
from emulator.containers.container_host import inaccessible_image
from emulator.containers.public_address import GROUPS, address_for
from emulator.world import World

TIMEOUT_SECONDS = 1800
STORED = ("imageRegistryCredentials", "diagnostics", "dnsConfig", "priority", "zones")
"""Of what is asked for, kept as it was said; all else is completed or Azure's own."""


class ContainerGroups(Behaviour):
    """Long running: an operation ends when the containers have really started or ended."""

    type = GROUPS
    long_running = True
    shows_deleted = True

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Refuse what Azure refuses at once, images that cannot be pulled among it."""
        location = chosen_region(self.type, body if body.get("location") else existing or body)
        given = known(body.get("properties") or {})
        refuse_unsaid(id, given)
        form = form_of(given)
        refuse_wrong(world, id, form, location, given)
        if existing is not None:
            run = world.containers.run_of(id)
            check_update(id, form_of(existing["properties"]), form, run.state if run else None)
        identity = body.get("identity") or {}
        for container in form.containers:
            image = container.properties.image
            refuse_foreign(image)
            allowed = may_pull(world, image, form.image_registry_credentials, identity)
            if not allowed or world.images.find(image) is None:
                raise inaccessible_image(image, id.name)
        properties: Document = {key: given[key] for key in STORED if key in given}
        timeout = given.get("provisioningTimeoutInSeconds", TIMEOUT_SECONDS)
        properties |= {
            "sku": "Standard",
            "provisioningTimeoutInSeconds": timeout,
            "isCustomProvisioningTimeout": timeout != TIMEOUT_SECONDS,
            "containers": [
                {**one, "properties": {"ports": [], "environmentVariables": [], **one["properties"]}}
                for one in given["containers"]
            ],
            "initContainers": [],
            "osType": form.os_type,
            "restartPolicy": form.restart_policy,
            "stopped": False,
        }
        if form.ip_address is not None:
            properties["ipAddress"] = _address(world, id, given["ipAddress"], location)
        kept = {"identity": known_identity(id, identity)} if identity else {}
        return {"location": location, "tags": body.get("tags") or {}, **kept, "properties": properties}

    def busy(self, id: ResourceId) -> AzureError:
        """As Azure words it of container groups."""
        text = f"The container group '{id.name}' is still transitioning, please retry later."
        return conflict(text, "ContainerGroupTransitioning")

    def begun(self, world: World, id: ResourceId) -> None:
        """Start the containers; a group that was there ends first, as on Azure."""
        world.containers.launch(id)

    def working(self, world: World, id: ResourceId) -> bool:
        """While containers are being started or ended."""
        return world.containers.working(id)

    def settle(self, world: World, id: ResourceId, document: Document) -> Document:
        """Failed when the containers could not be started, with the reason."""
        failure = world.containers.failure(id)
        if failure is not None:
            raise failure
        return document

    def changed(self, world: World, id: ResourceId, merged: Document, existing: Document) -> Document:
        """Tags only; the containers run on."""
        return {**existing, "tags": merged.get("tags") or {}}

    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """With what the containers do now, and without secrets."""
        return without_secrets(world, id, document)

    def operation_shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Under the group's own id, with what happened to its containers."""
        run = world.containers.run_of(id)
        status = "Pending" if document["status"] == "Updating" else document["status"]
        kept = {key: value for key, value in document.items() if key in {"startTime", "error"}}
        return {"id": id.path, "status": status, **kept, "properties": {"events": run.events if run else []}}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Without instance views: Azure gives them for one group at a time."""
        return [without_views(one) for one in documents]

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """Its containers end; the address is free when they have."""
        world.containers.remove(id)

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """start, stop, restart."""
        document = world.store.get(id.path)
        if name not in {"start", "stop", "restart"}:
            return super().action(world, id, name, body)
        if document is None:
            raise resource_not_found(id)
        if world.operations.is_open(id):
            raise self.busy(id)
        stopped = {**document, "properties": {**document["properties"], "stopped": name == "stop"}}
        world.store.put(id.path, stopped)
        if name == "stop":
            world.containers.stop(id)
            return Answer(204)
        run = world.containers.run_of(id)
        if name == "start" and run is not None and run.state == "Running" and not document["properties"]["stopped"]:
            return Answer(204)
        operation = world.operations.begin(id, "action", document)
        world.containers.launch(id)
        return accepted(world, operation, 202 if name == "start" else 204)


def _address(world: World, id: ResourceId, asked: Document, location: str) -> Document:
    address = {key: value for key, value in asked.items() if key != "fqdn"}
    label = address.get("dnsNameLabel")
    named = {"fqdn": f"{label}.{location}.azurecontainer.io"} if label else {}
    return {**address, "ip": address_for(world, id), **named}
