"""The unmodified azure-storage-blob against the emulator's blob service."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobBlock, BlobServiceClient, ContainerClient, generate_blob_sas, generate_container_sas

ACCOUNT = "blobtests"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
URL = f"https://{ACCOUNT}.blob.core.windows.net"


@pytest.fixture(scope="module")
def key(arm: Callable[..., Any]) -> str:
    """The account's key, as ARM tells it."""
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    assert arm("PUT", account, json={"location": "westeurope", "kind": "StorageV2"}).ok
    return str(arm("POST", f"{account}/listKeys").json()["keys"][0]["value"])


@pytest.fixture
def box(credential: ClientSecretCredential, unique: str) -> ContainerClient:
    """An empty container, spoken to with a token."""
    return BlobServiceClient(URL, credential=credential).create_container(f"c{unique}")


def test_a_blob_is_read_back_whole_and_in_ranges_with_its_metadata(box: ContainerClient) -> None:
    blob = box.upload_blob("a folder/ü %41.bin", bytes(range(256)) * 4, metadata={"who": "ada"})
    assert blob.download_blob().readall() == bytes(range(256)) * 4
    assert blob.download_blob(offset=250, length=10).readall() == (bytes(range(256)) * 2)[250:260]
    assert (blob.get_blob_properties().size, blob.get_blob_properties().metadata) == (1024, {"who": "ada"})
    with pytest.raises(HttpResponseError, match="InvalidRange"):
        blob.download_blob(offset=5000, length=10)


def test_blocks_become_a_blob_in_the_order_that_is_committed(box: ContainerClient) -> None:
    blob = box.get_blob_client("blocks")
    for name, data in (("b1", b"world"), ("b2", b"hello ")):
        blob.stage_block(name, data)
    blob.commit_block_list([BlobBlock("b2"), BlobBlock("b1")])
    assert blob.download_blob().readall() == b"hello world"
    with pytest.raises(HttpResponseError, match="InvalidBlockList"):
        blob.commit_block_list([BlobBlock("never")])


def test_lists_have_prefixes_folders_and_pages(box: ContainerClient) -> None:
    for name in ("a/1", "a/2", "b/1", "c"):
        box.upload_blob(name, b"")
    assert list(box.list_blob_names(name_starts_with="a/")) == ["a/1", "a/2"]
    assert [item.name for item in box.walk_blobs(delimiter="/")] == ["a/", "b/", "c"]
    pages = [[blob.name for blob in page] for page in box.list_blobs(results_per_page=3).by_page()]
    assert pages == [["a/1", "a/2", "b/1"], ["c"]]


def test_create_only_and_etags_are_honoured(box: ContainerClient) -> None:
    first = box.upload_blob("x", b"1").get_blob_properties().etag
    with pytest.raises(ResourceExistsError):
        box.upload_blob("x", b"2", overwrite=False)
    box.upload_blob("x", b"3", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError, match="ConditionNotMet"):
        box.upload_blob("x", b"4", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        box.delete_blob("x", etag=first, match_condition=MatchConditions.IfNotModified)
    assert box.download_blob("x").readall() == b"3"


def test_what_is_not_there_is_not_found(box: ContainerClient) -> None:
    with pytest.raises(ResourceNotFoundError, match="BlobNotFound"):
        box.download_blob("nothing")
    with pytest.raises(ResourceNotFoundError, match="BlobNotFound"):
        box.delete_blob("nothing")


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc"])
def test_a_name_that_would_leave_the_container_is_refused(box: ContainerClient, name: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        box.upload_blob(name, b"")
    assert refused.value.status_code in {400, 403}


@pytest.mark.parametrize("container", ["..", "%2e%2e", ".blocks", "a--b", "UPPER", "x"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_container_that_would_leave_the_account_is_refused(
    secured: Callable[..., Any], credential: ClientSecretCredential, box: ContainerClient, method: str, container: str
) -> None:
    box.upload_blob("kept", b"")
    token = credential.get_token("https://storage.azure.com/.default").token
    for rest in ("?restype=container", f"/{ACCOUNT}/{box.container_name}/kept"):
        with secured("other.blob.core.windows.net") as line:
            head = f"{method} /{container}{rest} HTTP/1.1\r\nHost: other.blob.core.windows.net\r\n"
            line.sendall(f"{head}Authorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n".encode())
            answer = line.recv(65536)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"InvalidResourceName" in answer
    assert box.get_blob_client("kept").exists()


def test_a_shared_key_opens_the_account_and_a_wrong_one_does_not(box: ContainerClient, key: str) -> None:
    with_key = ContainerClient(URL, box.container_name, credential=key)
    with_key.upload_blob("k", b"with key", metadata={"n": "1"})
    assert with_key.download_blob("k", offset=5, length=3).readall() == b"key"
    assert [blob.name for blob in with_key.list_blobs(name_starts_with="k")] == ["k"]
    wrong = ContainerClient(URL, box.container_name, credential="d3Jvbmc=")
    with pytest.raises(ClientAuthenticationError, match="AuthenticationFailed"):
        wrong.download_blob("k")


def sas(box: ContainerClient, key: str, permission: str, hours: float = 1) -> str:
    until = datetime.now(UTC) + timedelta(hours=hours)
    return str(generate_container_sas(ACCOUNT, box.container_name, key, permission=permission, expiry=until))


def test_a_signature_opens_what_it_says_and_nothing_else(box: ContainerClient, key: str) -> None:
    box.upload_blob("s", b"signed")
    box.upload_blob("t", b"other")
    reader = ContainerClient(URL, box.container_name, credential=sas(box, key, "rl"))
    assert reader.download_blob("s").readall() == b"signed"
    with pytest.raises(HttpResponseError, match="AuthorizationPermissionMismatch"):
        reader.upload_blob("new", b"")
    with pytest.raises(HttpResponseError, match="AuthorizationPermissionMismatch"):
        reader.delete_blob("s")
    until = datetime.now(UTC) + timedelta(hours=1)
    one = generate_blob_sas(ACCOUNT, box.container_name, "s", account_key=key, permission="r", expiry=until)
    holder = ContainerClient(URL, box.container_name, credential=one)
    assert holder.download_blob("s").readall() == b"signed"
    with pytest.raises(ClientAuthenticationError):
        holder.download_blob("t")


def test_expired_and_altered_signatures_are_refused(box: ContainerClient, key: str) -> None:
    box.upload_blob("s", b"signed")
    good = sas(box, key, "r")
    for bad in (sas(box, key, "r", hours=-1), good.replace("sp=r", "sp=rw"), good[:-4] + "AAAA"):
        with pytest.raises(ClientAuthenticationError, match="AuthenticationFailed"):
            ContainerClient(URL, box.container_name, credential=bad).download_blob("s")


def test_without_any_credential_nothing_is_answered(box: ContainerClient) -> None:
    box.upload_blob("s", b"secret")
    with pytest.raises(ClientAuthenticationError):
        ContainerClient(URL, box.container_name).download_blob("s")
