"""Files in a workspace's default datastore."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.workspace import Workspace
from domain.errors import Terminal
from tasks.azure_errors import azure_errors

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


@lru_cache(maxsize=16)
def _container(account: str, container: str, endpoint: str, credential: object) -> "ContainerClient":
    from azure.storage.blob import ContainerClient

    from blocks.clients.throttling import for_storage_client

    url = f"https://{account}.blob.{endpoint}"
    return ContainerClient(url, container, credential=credential, **for_storage_client())  # type: ignore[arg-type]  # a token credential by its methods


def container_of(workspace: Workspace, datastore: str = "workspaceblobstore") -> "ContainerClient":
    """The blob container behind a datastore."""
    with azure_errors(f"reading datastore {datastore} of {workspace.workspace_name}"):
        found = workspace.get_client().datastores.get(datastore)
        return _container(
            found.account_name,
            found.container_name,
            found.endpoint or "core.windows.net",
            workspace.credential.get_client(),  # type: ignore[arg-type]  # hashed by identity
        )


def split_uri(uri: str) -> tuple[str, str]:
    """`azureml://datastores/{datastore}/paths/{path}` → (datastore, path)."""
    head, separator, path = uri.partition("/paths/")
    datastore = head.removeprefix("azureml://datastores/")
    if not separator or "/" in datastore or datastore == head:
        raise Terminal(f"{uri!r} is not a datastore path; write azureml://datastores/NAME/paths/PATH")
    return datastore, path


def list_files(workspace: Workspace, uri: str) -> tuple[str, ...]:
    """Paths of the files under a datastore folder; empty when there is none."""
    datastore, path = split_uri(uri)
    with azure_errors(f"listing {uri} in {workspace.workspace_name}"):
        return tuple(container_of(workspace, datastore).list_blob_names(name_starts_with=path))


def upload_file(workspace: Workspace, source: Path, uri: str) -> str:
    """Put a local file at a datastore path; the same file again is no change."""
    datastore, path = split_uri(uri)
    with azure_errors(f"uploading {source.name} to {uri}"), source.open("rb") as stream:
        container_of(workspace, datastore).upload_blob(path, stream, overwrite=True)
    return uri
