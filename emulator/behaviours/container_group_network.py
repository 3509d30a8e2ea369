"""What a container group must reach outside of its own network."""

from collections.abc import Mapping

from emulator.arm.call import Answer
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour
from emulator.containers.public_address import GROUPS
from emulator.world import World


class OutboundNetworkDependencies(Behaviour):
    """GET {group}/outboundNetworkDependenciesEndpoints."""

    type = f"{GROUPS}/outboundNetworkDependenciesEndpoints"

    def read(self, world: World, collection: ResourceId, query: Mapping[str, str]) -> Answer | None:
        """A bare list, of nothing: groups of the emulator are in no virtual network."""
        return Answer(document=[])
