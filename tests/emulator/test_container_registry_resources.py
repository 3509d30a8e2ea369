"""Container registries as resources, through the unmodified SDK."""

import uuid
from collections.abc import Callable, Iterator

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import RegenerateCredentialParameters, Registry, RegistryNameCheckRequest, Sku

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
Arm = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def client(credential: ClientSecretCredential) -> Iterator[ContainerRegistryManagementClient]:
    with ContainerRegistryManagementClient(credential, SUBSCRIPTION) as made:
        yield made


def create(client: ContainerRegistryManagementClient, name: str, group: str = GROUP, admin: bool = False) -> Registry:
    wanted = Registry(location="westeurope", sku=Sku(name="Basic"), tags={"a": "1"}, admin_user_enabled=admin)
    return client.registries.begin_create(group, name, wanted).result()


def name() -> str:
    return f"Shop{uuid.uuid4().hex[:10]}"


def test_a_registry_is_created_read_listed_and_deleted(client: ContainerRegistryManagementClient) -> None:
    wanted = name()
    made = create(client, wanted)
    assert (made.login_server, made.provisioning_state) == (f"{wanted.lower()}.azurecr.io", "Succeeded")
    assert (made.sku.name, made.admin_user_enabled, made.tags) == ("Basic", False, {"a": "1"})
    assert client.registries.get(GROUP, wanted).id == made.id
    assert wanted in [one.name for one in client.registries.list()]
    assert wanted in [one.name for one in client.registries.list_by_resource_group(GROUP)]
    client.registries.begin_delete(GROUP, wanted).result()
    with pytest.raises(ResourceNotFoundError, match="was not found"):
        client.registries.get(GROUP, wanted)


def test_a_name_belongs_to_one_registry_in_the_world(client: ContainerRegistryManagementClient) -> None:
    wanted = name()
    checked = client.registries.check_name_availability(check(wanted))
    assert checked.name_available
    create(client, wanted)
    checked = client.registries.check_name_availability(check(wanted.upper()))
    assert (checked.name_available, checked.reason) == (False, "AlreadyExists")
    with pytest.raises(ResourceExistsError, match=r"azurecr\.io is already in use"):
        create(client, wanted.upper(), "other")


@pytest.mark.parametrize("wrong", ["four", "with-dash", "x" * 51])
def test_a_name_that_is_no_hosts_is_refused(client: ContainerRegistryManagementClient, wrong: str) -> None:
    assert client.registries.check_name_availability(check(wrong)).reason == "Invalid"
    with pytest.raises(HttpResponseError, match="alpha numeric characters only"):
        create(client, wrong)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"sku": {"name": "Basic"}}, "LocationRequired"),
        ({"sku": {"name": "Basic"}, "location": "atlantis"}, "LocationNotAvailableForResourceType"),
    ],
)
def test_a_registry_is_somewhere(arm: Arm, body: dict[str, object], code: str) -> None:
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry/registries"
    answer = arm("PUT", f"{place}/{name()}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_registry_without_a_sku_is_refused(arm: Arm) -> None:
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry/registries"
    answer = arm("PUT", f"{place}/{name()}", json={"location": "westeurope"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidSku")


def test_only_an_enabled_admin_has_a_password(client: ContainerRegistryManagementClient) -> None:
    closed, opened = name(), name()
    create(client, closed)
    with pytest.raises(HttpResponseError, match=f"{closed} as admin user is disabled") as refused:
        client.registries.list_credentials(GROUP, closed)
    assert refused.value.error is not None
    assert refused.value.error.code == "UnAuthorizedForCredentialOperations"
    host = create(client, opened, admin=True).login_server
    found = client.registries.list_credentials(GROUP, opened)
    assert found.username == opened
    right, wrong = (opened, str(found.passwords[0].value)), (opened, "guessed")
    assert requests.get(f"https://{host}/v2/", auth=right, timeout=10).status_code == 200
    assert requests.get(f"https://{host}/v2/", auth=wrong, timeout=10).status_code == 401
    assert requests.get(f"https://{closed.lower()}.azurecr.io/v2/", auth=right, timeout=10).status_code == 401


def test_one_of_two_passwords_changes_at_a_time(client: ContainerRegistryManagementClient) -> None:
    wanted = name()
    host = create(client, wanted, admin=True).login_server
    before = {one.name: one.value for one in client.registries.list_credentials(GROUP, wanted).passwords or []}
    assert before["password"] != before["password2"]
    asked = RegenerateCredentialParameters(name="password2")
    changed = client.registries.regenerate_credential(GROUP, wanted, asked)
    after = {one.name: one.value for one in changed.passwords or []}
    assert after["password"] == before["password"]
    assert after["password2"] != before["password2"]
    for password, status in ((after["password"], 200), (after["password2"], 200), (before["password2"], 401)):
        assert requests.get(f"https://{host}/v2/", auth=(wanted, str(password)), timeout=10).status_code == status
    assert "passwordChanges" not in str(client.registries.get(GROUP, wanted).as_dict())


def test_a_sku_is_known_in_any_case(client: ContainerRegistryManagementClient) -> None:
    wanted = Registry(location="westeurope", sku=Sku(name="basic"))
    assert client.registries.begin_create(GROUP, name(), wanted).result().sku.name == "Basic"


def check(wanted: str) -> RegistryNameCheckRequest:
    return RegistryNameCheckRequest(name=wanted, type="Microsoft.ContainerRegistry/registries")
