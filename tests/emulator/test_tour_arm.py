"""Resources that the SDK does not make: resource groups, storage accounts, workspaces by PUT, and any other type."""

from collections.abc import Callable

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobServiceClient

from emulator.control_client import Control

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-0000000000aa"
GROUP = f"{SUBSCRIPTION}/resourceGroups/tour"
PROVIDERS = f"{GROUP}/providers"
Arm = Callable[..., requests.Response]


@pytest.fixture(scope="module", autouse=True)
def group(arm: Arm) -> None:
    assert arm("PUT", GROUP, json={"location": "West Europe", "tags": {"env": "test"}}).status_code in (200, 201)


def words(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_resource_group_is_there_until_it_is_deleted(arm: Arm) -> None:
    place = f"{SUBSCRIPTION}/resourceGroups/brief"
    arm("PUT", place, json={"location": "westeurope"})
    arm("PUT", f"{place}/providers/Microsoft.Any/things/one", json={"properties": {"size": 1}})
    assert arm("GET", place).json()["properties"]["provisioningState"] == "Succeeded"
    assert "brief" in [one["name"] for one in arm("GET", f"{SUBSCRIPTION}/resourceGroups").json()["value"]]
    assert [one["name"] for one in arm("GET", f"{place}/resources").json()["value"]] == ["one"]
    arm("DELETE", place)
    assert words(arm("GET", place)) == (404, "ResourceGroupNotFound")
    assert words(arm("GET", f"{place}/providers/Microsoft.Any/things/one")) == (404, "ResourceNotFound")


def test_any_type_is_stored_read_changed_listed_and_deleted(arm: Arm) -> None:
    place = f"{PROVIDERS}/Microsoft.DocumentDB/databaseAccounts/cosmos"
    made = arm("PUT", place, json={"location": "westeurope", "tags": {"a": "1"}, "properties": {"kind": "x", "n": 1}})
    assert made.status_code == 201
    assert made.json()["type"] == "Microsoft.DocumentDB/databaseAccounts"
    changed = arm("PATCH", place, json={"tags": {"b": "2"}, "properties": {"n": None}}).json()
    assert changed["tags"] == {"a": "1", "b": "2"}
    assert "n" not in changed["properties"]
    for scope in (PROVIDERS, f"{SUBSCRIPTION}/providers"):
        listed = arm("GET", f"{scope}/Microsoft.DocumentDB/databaseAccounts").json()["value"]
        assert [one["id"] for one in listed] == [place]
    assert arm("GET", place.upper().replace("/SUBSCRIPTIONS", "/subscriptions")).status_code == 200
    assert arm("DELETE", place).status_code == 200
    assert arm("DELETE", place).status_code == 204


def test_a_storage_account_gives_the_key_that_opens_its_blobs(arm: Arm) -> None:
    place = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/tourstorage"
    arm("PUT", place, json={"location": "westeurope", "sku": {"name": "Standard_LRS"}})
    arm("PUT", f"{place}/blobServices/default/containers/facts", json={})
    key = arm("POST", f"{place}/listKeys").json()["keys"][0]["value"]
    with BlobServiceClient("https://tourstorage.blob.core.windows.net", credential=key) as service:
        blob = service.get_blob_client("facts", "a/b.txt")
        blob.upload_blob(b"once", overwrite=False)
        assert blob.download_blob().readall() == b"once"
        with pytest.raises(ResourceExistsError, match="BlobAlreadyExists"):
            blob.upload_blob(b"twice", overwrite=False)
    with (
        BlobServiceClient("https://otherstorage.blob.core.windows.net", credential=key) as other,
        pytest.raises(HttpResponseError, match="AuthenticationFailed"),
    ):
        other.create_container("facts")


def test_a_workspace_keeps_its_storage_when_it_is_put_again(arm: Arm) -> None:
    place = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/again"
    first = arm("PUT", place, json={"location": "West Europe", "properties": {"friendlyName": "a"}})
    second = arm("PUT", place, json={"location": "West Europe", "tags": {"t": "1"}, "properties": {}})
    assert (first.status_code, second.status_code) == (201, 200)
    before, after = first.json()["properties"], second.json()["properties"]
    assert (before["workspaceId"], before["storageAccount"]) == (after["workspaceId"], after["storageAccount"])
    assert (second.json()["location"], second.json()["tags"]) == ("westeurope", {"t": "1"})
    assert arm("GET", before["storageAccount"]).json()["kind"] == "StorageV2"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (f"{SUBSCRIPTION}/resourceGroups/ends.", {"location": "westeurope"}, (400, "InvalidResourceGroupName")),
        (f"{SUBSCRIPTION}/resourceGroups/nowhere", {}, (400, "LocationRequired")),
        (f"{PROVIDERS}/Microsoft.Storage/storageAccounts/Not-Valid", {}, (400, "AccountNameInvalid")),
        (f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/a.b", {}, (400, "ValidationError")),
        (f"{PROVIDERS}/Microsoft.MachineLearningServices/registries/a.b", {}, (400, "ValidationError")),
        (
            f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/absent/computes/cpu",
            {"properties": {"computeType": "AmlCompute"}},
            (404, "ParentResourceNotFound"),
        ),
        (
            f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/absent/models/m/versions/1",
            {"properties": {"modelUri": "azureml://datastores/s/paths/m"}},
            (404, "ParentResourceNotFound"),
        ),
    ],
)
def test_what_arm_refuses_is_refused(arm: Arm, path: str, body: dict[str, object], expected: tuple[int, str]) -> None:
    assert words(arm("PUT", path, json=body)) == expected


def test_registries_and_workspaces_answer_only_with_a_token(
    control: Control, credential: ClientSecretCredential
) -> None:
    host = "https://westeurope.api.azureml.ms"
    path = "/registrymanagement/v1.0/registries/any/discovery"
    assert requests.get(host + path, timeout=10).status_code == 401
    token = credential.get_token("https://ml.azure.com/.default").token
    answer = requests.get(host + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert words(answer) == (404, "RegistryNotFound")
    assert requests.get(f"{host}/discovery", timeout=10).json()["api"] == host
