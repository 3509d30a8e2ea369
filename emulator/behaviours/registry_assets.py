"""Assets in registries: as in workspaces, but known by azureml:// ids, with files in the registry's own storage."""

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.behaviours.assets import AssetContainers, AssetVersions
from emulator.behaviours.codes import CodeVersions
from emulator.behaviours.components import ComponentVersions
from emulator.behaviours.data import DataVersions
from emulator.behaviours.environments import EnvironmentVersions
from emulator.behaviours.models import ModelVersions
from emulator.world import World

REGISTRY = "Microsoft.MachineLearningServices/registries"


def registry_asset_id(id: ResourceId) -> str:
    """`azureml://registries/r/models/m/versions/1`: clients refuse an ARM id."""
    return "azureml://" + "/".join(f"{segment}/{name}" for segment, name in id.pairs)


class _Named(AssetContainers):
    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Under its registry id."""
        return {**super().shown(world, id, document), "id": registry_asset_id(id)}


class _Versioned(AssetVersions):
    def shown(self, world: World, id: ResourceId, document: Document) -> Document:
        """Under its registry id."""
        return {**super().shown(world, id, document), "id": registry_asset_id(id)}


class RegistryModels(_Named):
    """A model's name in a registry."""

    type = f"{REGISTRY}/models"


class RegistryModelVersions(_Versioned, ModelVersions):
    """A model in a registry."""

    type = f"{REGISTRY}/models/versions"


class RegistryData(_Named):
    """A data asset's name in a registry."""

    type = f"{REGISTRY}/data"


class RegistryDataVersions(_Versioned, DataVersions):
    """A data asset in a registry."""

    type = f"{REGISTRY}/data/versions"


class RegistryEnvironments(_Named):
    """An environment's name in a registry."""

    type = f"{REGISTRY}/environments"


class RegistryEnvironmentVersions(_Versioned, EnvironmentVersions):
    """An environment in a registry."""

    type = f"{REGISTRY}/environments/versions"


class RegistryComponents(_Named):
    """A component's name in a registry."""

    type = f"{REGISTRY}/components"


class RegistryComponentVersions(_Versioned, ComponentVersions):
    """A component in a registry."""

    type = f"{REGISTRY}/components/versions"


class RegistryCodes(_Named):
    """A code snapshot's name in a registry."""

    type = f"{REGISTRY}/codes"


class RegistryCodeVersions(_Versioned, CodeVersions):
    """A code snapshot in a registry."""

    type = f"{REGISTRY}/codes/versions"
