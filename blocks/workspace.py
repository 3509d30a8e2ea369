"""One Azure ML workspace: development, test or production."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from blocks.azure_credential import AzureCredential
from blocks.clients.ml_client import new_ml_client
from blocks.described import Described

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class Workspace(Described):
    """Where a workspace is, who speaks to it, and how its endpoints are named apart from another environment's."""

    _block_type_name = "Signalbox Workspace"
    _block_type_slug = "signalbox-workspace"

    subscription_id: str
    resource_group: str
    workspace_name: str
    location: str = Field(description="Azure region; batch endpoint names are unique in it")
    credential: AzureCredential
    endpoint_prefix: str = Field(default="", description="before every batch endpoint's name")
    endpoint_suffix: str = Field(default="", description="after every batch endpoint's name")
    poll_seconds: float = Field(default=30.0, gt=0, le=600, description="how often a job's state is read")

    def get_client(self) -> "MLClient":
        """The SDK's client of this workspace; one object for equal settings."""
        return _client(self.subscription_id, self.resource_group, self.workspace_name, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=32)
def _client(subscription_id: str, resource_group: str, workspace_name: str, credential: object) -> "MLClient":
    client = new_ml_client(
        credential, subscription_id=subscription_id, resource_group_name=resource_group, workspace_name=workspace_name
    )
    # else, for a line of its log, each deployment asks the registry twice, over two new connections that nothing limits
    client.batch_deployments._credentials = None
    return client
