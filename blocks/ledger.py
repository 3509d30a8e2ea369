"""Where the facts about releases are kept."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from blocks.azure_credential import AzureCredential
from blocks.described import Described

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


class Ledger(Described):
    """A blob container; on Azure an immutability policy on it makes every fact write-once."""

    _block_type_name = "Signalbox Ledger"
    _block_type_slug = "signalbox-ledger"

    account_url: str = Field(
        pattern=r"^https://[a-z0-9]{3,24}\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)/?$",
        description="on Azure's own hosts: every request sends a token there",
    )
    container: str = Field(default="ledger", pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")
    credential: AzureCredential

    def get_client(self) -> "ContainerClient":
        """The SDK's client of the container; one object for equal settings."""
        return _client(self.account_url, self.container, self.credential.get_client())  # type: ignore[arg-type]  # hashed by identity


@lru_cache(maxsize=8)
def _client(account_url: str, container: str, credential: object) -> "ContainerClient":
    from azure.storage.blob import ContainerClient

    from blocks.clients.throttling import for_storage_client

    return ContainerClient(account_url, container, credential=credential, **for_storage_client())  # type: ignore[arg-type]  # a token credential by its methods
