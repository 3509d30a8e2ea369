"""What may be done with a provider's resources: GET /providers/{namespace}/operations."""

from typing import ClassVar

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.world import World

VERBS = {"read": "Get", "write": "Create or update", "delete": "Delete"}


class ProviderOperations(Behaviour):
    """Actions that a role may allow, as ARM lists them. nouns: resource types, and what their resources are called."""

    nouns: ClassVar[tuple[tuple[str, str], ...]] = ()

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Reading, writing and deleting, of each."""
        return [
            {
                "name": f"{collection.namespace}/{kind}/{verb}",
                "display": {
                    "provider": collection.namespace,
                    "resource": noun,
                    "operation": f"{words} {noun}",
                    "description": f"{words} {noun}.",
                },
                "origin": "User",
            }
            for kind, noun in self.nouns
            for verb, words in VERBS.items()
        ]


class ContainerInstanceOperations(ProviderOperations):
    """Of container groups."""

    type = "Microsoft.ContainerInstance/operations"
    nouns = (("containerGroups", "Container Group"),)


class ContainerRegistryOperations(ProviderOperations):
    """Of registries and their runs."""

    type = "Microsoft.ContainerRegistry/operations"
    nouns = (("registries", "Container Registry"), ("registries/runs", "Container Registry Run"))


class ContainerServiceOperations(ProviderOperations):
    """Of clusters."""

    type = "Microsoft.ContainerService/operations"
    nouns = (("managedClusters", "Managed Cluster"),)
