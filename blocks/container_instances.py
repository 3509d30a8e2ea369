"""Where container groups run."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from blocks.azure_credential import AzureCredential
from blocks.described import Described

if TYPE_CHECKING:
    from azure.mgmt.containerinstance import ContainerInstanceManagementClient


class ContainerInstances(Described):
    """A resource group of Azure Container Instances, and how its groups are named apart from another environment's."""

    _block_type_name = "Signalbox Container Instances"
    _block_type_slug = "signalbox-container-instances"

    subscription_id: str
    resource_group: str
    location: str = Field(description="Azure region")
    credential: AzureCredential
    pull_identity: str | None = Field(
        default=None, description="user-assigned identity with AcrPull, as an ARM id: groups pull their images as it"
    )
    prefix: str = Field(default="", description="before every group's name")
    suffix: str = Field(default="", description="after every group's name")

    def get_client(self) -> "ContainerInstanceManagementClient":
        """The SDK's client; one object for equal settings."""
        return _client(self.subscription_id, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=8)
def _client(subscription_id: str, credential: object) -> "ContainerInstanceManagementClient":
    from azure.mgmt.containerinstance import ContainerInstanceManagementClient

    from blocks.clients.throttling import for_ml_client

    return ContainerInstanceManagementClient(credential, subscription_id, **for_ml_client())  # type: ignore[arg-type]  # a token credential by its methods
