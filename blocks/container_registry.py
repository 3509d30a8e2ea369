"""Where images are kept, and built."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from blocks.azure_credential import AzureCredential
from blocks.described import Described

if TYPE_CHECKING:
    from azure.containerregistry import ContainerRegistryClient
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient


class ContainerRegistry(Described):
    """An Azure Container Registry."""

    _block_type_name = "Signalbox Container Registry"
    _block_type_slug = "signalbox-container-registry"

    subscription_id: str
    resource_group: str
    registry_name: str = Field(pattern=r"^[a-zA-Z0-9]{5,50}$")
    credential: AzureCredential

    @property
    def login_server(self) -> str:
        """What images' names begin with."""
        return f"{self.registry_name.lower()}.azurecr.io"

    def get_client(self) -> "ContainerRegistryClient":
        """The SDK's client of what it holds; one object for equal settings."""
        return _client(self.login_server, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity

    def get_tasks_client(self) -> "ContainerRegistryTasksMgmtClient":
        """The SDK's client of what it builds; one object for equal settings."""
        return _tasks_client(self.subscription_id, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=8)
def _client(login_server: str, credential: object) -> "ContainerRegistryClient":
    from azure.containerregistry import ContainerRegistryClient

    from blocks.clients.throttling import for_ml_client

    return ContainerRegistryClient(f"https://{login_server}", credential, **for_ml_client())  # type: ignore[arg-type]  # a token credential by its methods


@lru_cache(maxsize=8)
def _tasks_client(subscription_id: str, credential: object) -> "ContainerRegistryTasksMgmtClient":
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    from blocks.clients.throttling import for_ml_client

    return ContainerRegistryTasksMgmtClient(credential, subscription_id, **for_ml_client())  # type: ignore[arg-type]  # a token credential by its methods
