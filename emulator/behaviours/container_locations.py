"""What a region offers for container groups, and how much of it is used."""

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.containers.group_form import MOST_CPU, MOST_MEMORY_GB
from emulator.containers.public_address import GROUPS
from emulator.world import World

MOST_GROUPS = 100
"""Of a subscription in a region, as Azure gives at first; the emulator counts, and refuses none."""


class ContainerCapabilities(Behaviour):
    """The largest container."""

    type = "Microsoft.ContainerInstance/locations/capabilities"

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """One offer: Linux, a public address, no graphics card."""
        most = {"maxMemoryInGB": MOST_MEMORY_GB, "maxCpu": MOST_CPU, "maxGpuCount": 0}
        place = {"location": collection.names[0], "osType": "Linux", "ipAddressType": "Public", "gpu": "None"}
        return [{"resourceType": "containerGroups", **place, "capabilities": most}]


class ContainerUsages(Behaviour):
    """Groups that there are."""

    type = "Microsoft.ContainerInstance/locations/usages"

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Those of the subscription in the region."""
        inside, region = f"{collection.scope.lower()}/", collection.names[0].lower()
        groups = [
            one
            for one in world.store.all_of(GROUPS)
            if one["id"].lower().startswith(inside) and one["location"] == region
        ]
        name = {"value": "ContainerGroups", "localizedValue": "Container Groups"}
        return [
            {"id": collection.path, "unit": "Count", "currentValue": len(groups), "limit": MOST_GROUPS, "name": name}
        ]
