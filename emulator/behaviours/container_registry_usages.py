"""How much of a container registry is used, and how much its SKU lets."""

from collections.abc import Mapping

from emulator.arm.call import Answer
from emulator.arm.errors import resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour
from emulator.world import World

LIMITS = {"Basic": (10 * 1024**3, 2), "Standard": (100 * 1024**3, 10), "Premium": (500 * 1024**3, 500)}
"""SKU → bytes and webhooks. https://learn.microsoft.com/azure/container-registry/container-registry-skus"""


class ContainerRegistryUsages(Behaviour):
    """GET {registry}/listUsages. The emulator counts, and refuses nothing."""

    type = "Microsoft.ContainerRegistry/registries/listUsages"

    def read(self, world: World, collection: ResourceId, query: Mapping[str, str]) -> Answer | None:
        """Size and webhooks; it has none of these."""
        registry = collection.ancestor(1)
        document = world.store.get(registry.path)
        if document is None:
            raise resource_not_found(registry)
        most_bytes, most_webhooks = LIMITS[document["sku"]["name"]]
        repositories = world.images.repositories(document["properties"]["loginServer"])
        sizes = {one.digest: one.size for repository in repositories for one in repository.manifests.values()}
        size = {"name": "Size", "limit": most_bytes, "currentValue": sum(sizes.values()), "unit": "Bytes"}
        webhooks = {"name": "Webhooks", "limit": most_webhooks, "currentValue": 0, "unit": "Count"}
        return Answer(document={"value": [size, webhooks]})
