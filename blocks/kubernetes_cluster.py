"""Where Helm releases and manifests run."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from blocks.azure_credential import AzureCredential
from blocks.described import Described

if TYPE_CHECKING:
    from azure.mgmt.containerservice import ContainerServiceClient


class KubernetesCluster(Described):
    """A namespace of a cluster of Azure Kubernetes Service, and how what runs there is named apart from another environment's.

    Its API is asked with the kubeconfig that Azure gives a cluster's users, so the cluster has to have local accounts: where
    only Entra ID signs people in, that kubeconfig asks for a browser.
    """

    _block_type_name = "Signalbox Kubernetes Cluster"
    _block_type_slug = "signalbox-kubernetes-cluster"

    subscription_id: str
    resource_group: str
    cluster_name: str
    namespace: str = Field(default="default", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    credential: AzureCredential
    image_registry: str = Field(
        default="",
        description="host that nodes pull from in place of the registry's own login server, where they have a mirror of it",
    )
    prefix: str = Field(default="", description="before every name there")
    suffix: str = Field(default="", description="after every name there")

    def get_client(self) -> "ContainerServiceClient":
        """The SDK's client; one object for equal settings."""
        return _client(self.subscription_id, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=8)
def _client(subscription_id: str, credential: object) -> "ContainerServiceClient":
    from azure.mgmt.containerservice import ContainerServiceClient

    from blocks.clients.throttling import for_ml_client

    return ContainerServiceClient(credential, subscription_id, **for_ml_client())  # type: ignore[arg-type]  # a token credential by its methods
