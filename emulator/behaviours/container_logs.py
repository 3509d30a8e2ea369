"""What containers printed."""

from collections.abc import Mapping

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, bad_request, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.containers.public_address import GROUPS
from emulator.world import World


class ContainerLogs(Behaviour):
    """GET {group}/containers/{name}/logs."""

    type = f"{GROUPS}/containers/logs"

    def read(self, world: World, collection: ResourceId, query: Mapping[str, str]) -> Answer | None:
        """What the container printed since its group was started: at most the last 4 MiB."""
        group, name = collection.ancestor(1), collection.names[1]
        document = world.store.get(group.path)
        if document is None:
            raise resource_not_found(group)
        check_container(group, document, name)
        tail = query.get("tail")
        if tail is not None and not (tail.isascii() and tail.isdigit() and len(tail) < 10):
            raise bad_request(f"The tail '{tail}' is invalid. It must be a number of lines.", "InvalidTail")
        run = world.containers.run_of(group)
        container = run.container(name) if run else None
        stamps = query.get("timestamps", "false").lower() == "true"
        text = container.log.text(int(tail) if tail else None, stamps) if container else ""
        return Answer(document={"content": text})


def check_container(group: ResourceId, document: Document, name: str) -> None:
    """AzureError 404 when the group has no container of that name."""
    if name not in [one["name"] for one in document["properties"]["containers"]]:
        text = f"The container '{name}' is not found in container group '{group.name}'."
        raise AzureError(404, "ContainerNotFound", text)
