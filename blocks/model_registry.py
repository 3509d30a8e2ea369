"""The registry that environments share."""

from functools import lru_cache
from typing import TYPE_CHECKING

from blocks.azure_credential import AzureCredential
from blocks.clients.ml_client import new_ml_client
from blocks.described import Described

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class ModelRegistry(Described):
    """An Azure ML registry: published models live here, whatever workspace they were trained in."""

    _block_type_name = "Signalbox Model Registry"
    _block_type_slug = "signalbox-model-registry"

    registry_name: str
    credential: AzureCredential

    def get_client(self) -> "MLClient":
        """The SDK's client of this registry; one object for equal settings."""
        return _client(self.registry_name, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=8)
def _client(registry_name: str, credential: object) -> "MLClient":
    return new_ml_client(credential, registry_name=registry_name)
