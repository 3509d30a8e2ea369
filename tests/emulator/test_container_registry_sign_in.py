"""Signing in to a registry's own host: by name and password, by a token as the password, and as nobody."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient

from emulator.identity import access

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
NULL_GUID = "00000000-0000-0000-0000-000000000000"
PRINCIPAL = (access.CLIENT_ID, access.CLIENT_SECRET)
Build = Callable[..., tuple[Any, str]]


@pytest.fixture(scope="module")
def host(container_registry: str) -> str:
    return f"{container_registry}.azurecr.io"


@pytest.fixture(scope="module")
def management(credential: ClientSecretCredential) -> Iterator[ContainerRegistryManagementClient]:
    with ContainerRegistryManagementClient(credential, SUBSCRIPTION) as made:
        yield made


@pytest.fixture(scope="module")
def refresh_token(host: str, credential: ClientSecretCredential) -> str:
    form = {"grant_type": "access_token", "service": host}
    form["access_token"] = credential.get_token("https://management.azure.com/.default").token
    answer = requests.post(f"https://{host}/oauth2/exchange", data=form, timeout=10)
    return str(answer.json()["refresh_token"])


def access_token(host: str, name: str, password: str) -> requests.Response:
    """As docker asks for one."""
    query = {"service": host, "scope": "registry:catalog:*"}
    return requests.get(f"https://{host}/oauth2/token", params=query, auth=(name, password), timeout=10)


def catalog(host: str, **more: Any) -> int:
    return requests.get(f"https://{host}/v2/_catalog", timeout=10, **more).status_code


def test_a_service_principal_signs_in_with_its_secret(host: str) -> None:
    assert catalog(host, auth=PRINCIPAL) == 200
    assert catalog(host, auth=(access.CLIENT_ID, "wrong")) == 401
    token = access_token(host, *PRINCIPAL).json()["access_token"]
    assert catalog(host, headers={"Authorization": f"Bearer {token}"}) == 200
    assert access_token(host, access.CLIENT_ID, "wrong").status_code == 401


def test_the_null_guid_signs_in_with_a_token(host: str, refresh_token: str) -> None:
    token = access_token(host, NULL_GUID, refresh_token).json()["access_token"]
    for password in (refresh_token, token):
        assert catalog(host, auth=(NULL_GUID, password)) == 200
    assert catalog(host, auth=(NULL_GUID, "wrong")) == 401


def test_a_name_and_its_password_are_posted_for_a_token(host: str) -> None:
    form = {"grant_type": "password", "service": host, "username": access.CLIENT_ID}
    for password, status in ((access.CLIENT_SECRET, 200), ("wrong", 401)):
        answer = requests.post(f"https://{host}/oauth2/token", data={**form, "password": password}, timeout=10)
        assert answer.status_code == status


def test_nobody_reads_what_is_private(host: str) -> None:
    with ContainerRegistryClient(f"https://{host}") as nobody, pytest.raises(ClientAuthenticationError):
        list(nobody.list_repository_names())
    assert requests.get(f"https://{host}/oauth2/token", params={"service": host}, timeout=10).status_code == 401


def test_anybody_pulls_where_that_is_enabled_and_changes_nothing(
    host: str, container_registry: str, management: ContainerRegistryManagementClient, build: Build
) -> None:
    name = f"open-{uuid.uuid4().hex[:6]}"
    run, log = build({"Dockerfile": "FROM scratch\nLABEL open=1"}, f"{name}:1")
    assert run.status == "Succeeded", log

    def enable(wanted: bool) -> None:
        change = {"properties": {"anonymousPullEnabled": wanted}}
        management.registries.begin_update(GROUP, container_registry, change).result()

    enable(True)
    with ContainerRegistryClient(f"https://{host}") as nobody:
        assert name in list(nobody.list_repository_names())
        assert nobody.get_manifest(name, "1").digest == run.output_images[0].digest
        with pytest.raises(ClientAuthenticationError) as refused:
            nobody.delete_tag(name, "1")
        assert refused.value.response is not None
        assert refused.value.response.headers["WWW-Authenticate"].endswith(
            f'scope="repository:{name}:delete",error="insufficient_scope"'
        )
        with pytest.raises(ClientAuthenticationError):
            nobody.update_tag_properties(name, "1", can_write=False)
        enable(False)
        with pytest.raises(ClientAuthenticationError):
            nobody.get_manifest(name, "1")
