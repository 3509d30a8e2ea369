"""Terminals in containers, which the emulator has none of; and what else is asked of one container."""

from emulator.arm.call import Answer
from emulator.arm.errors import bad_request, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.container_logs import check_container
from emulator.containers.public_address import GROUPS
from emulator.world import World


class ContainerSessions(Behaviour):
    """POST {group}/containers/{name}/exec and …/attach."""

    type = f"{GROUPS}/containers"

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """Refused, and said."""
        if name.lower() not in {"exec", "attach"}:
            return super().action(world, id, name, body)
        group = id.ancestor(1)
        document = world.store.get(group.path)
        if document is None:
            raise resource_not_found(group)
        check_container(group, document, id.name)
        text = (
            f"The emulator opens no terminal in a container ({name}). Read what it prints with its logs, or use Azure."
        )
        raise bad_request(text, "NotEmulated")
