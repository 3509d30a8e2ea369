"""azure-ai-ml makes clients of azure-storage for every model that it uploads or downloads, and hands them none of its arguments.

Each would open connections of its own that nothing limits, and load the authorities to trust for them: 60 of the 100 ms of
processor time that a download of one small file takes (measured). So it is given classes that share ours.
"""

from typing import Any

from azure.ai.ml._artifacts import _blob_storage_helper
from azure.storage.blob import BlobServiceClient, ContainerClient

from blocks.clients.throttling import for_storage_client


class LimitedServiceClient(BlobServiceClient):
    """As azure-ai-ml makes it for a datastore."""

    def __init__(self, account_url: str, **options: Any) -> None:
        super().__init__(account_url, **for_storage_client(), **options)


class LimitedContainerClient(ContainerClient):
    """As azure-ai-ml makes it for a registry, `from_container_url`."""

    def __init__(self, account_url: str, container_name: str, **options: Any) -> None:
        super().__init__(account_url, container_name, **for_storage_client(), **options)


def limit_storage() -> None:
    """From now on; once is enough."""
    _blob_storage_helper.BlobServiceClient = LimitedServiceClient
    _blob_storage_helper.ContainerClient = LimitedContainerClient
