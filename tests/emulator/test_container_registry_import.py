"""Images imported from one registry into another, through the unmodified SDK."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import (
    ImportImageParameters,
    ImportSource,
    ImportSourceCredentials,
    Registry,
    Sku,
)

from emulator.identity import access
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
Arm = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def client(credential: ClientSecretCredential) -> Iterator[ContainerRegistryManagementClient]:
    with ContainerRegistryManagementClient(credential, SUBSCRIPTION) as made:
        yield made


@pytest.fixture(scope="module")
def other(client: ContainerRegistryManagementClient) -> str:
    """A second registry."""
    name = f"other{uuid.uuid4().hex[:8]}"
    client.registries.begin_create(GROUP, name, Registry(location="westeurope", sku=Sku(name="Basic"))).result()
    return name


@pytest.fixture(scope="module", autouse=True)
def digest(build: Callable[..., tuple[Any, str]]) -> str:
    """Of `team/app:1` in the first."""
    run, log = build({"Dockerfile": "FROM scratch\nLABEL imported=1"}, "team/app:1")
    assert run.status == "Succeeded", log
    return str(run.output_images[0].digest)


def order(registry: str, image: str = "team/app:1", **more: Any) -> ImportImageParameters:
    password = ImportSourceCredentials(username=access.CLIENT_ID, password=access.CLIENT_SECRET)
    host = f"{registry}.azurecr.io"
    source = ImportSource(registry_uri=host, source_image=image, credentials=more.pop("credentials", password))
    return ImportImageParameters(source=source, **more)


def test_an_image_comes_into_another_registry(
    client: ContainerRegistryManagementClient,
    emulator: Emulator,
    container_registry: str,
    other: str,
    digest: str,
) -> None:
    by_digest = order(container_registry, f"team/app@{digest}", target_tags=["mine/app:a", "mine/app:b"])
    client.registries.begin_import_image(GROUP, other, by_digest).result()
    resource = client.registries.get(GROUP, container_registry).id
    source = ImportSource(resource_id=resource, source_image="team/app:1")
    client.registries.begin_import_image(GROUP, other, ImportImageParameters(source=source)).result()
    images = ImageStore(emulator.state / "images")
    for name in ("mine/app:a", "mine/app:b", "team/app:1"):
        found = images.find(f"{other}.azurecr.io/{name}")
        assert found is not None
        assert found.digest == digest


def test_the_answer_says_where_the_outcome_will_be(arm: Arm, container_registry: str, other: str) -> None:
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry/registries"
    source = {"resourceId": f"{place}/{container_registry}", "sourceImage": "team/app:1"}
    body = {"source": source, "targetTags": ["raw:1"], "mode": "Force"}
    answer = arm("POST", f"{place}/{other}/importImage", json=body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
    assert "Azure-AsyncOperation" not in answer.headers
    location = answer.headers["Location"].removeprefix("https://management.azure.com")
    while (outcome := arm("GET", location)).status_code == 202:
        time.sleep(0.02)
    assert (outcome.status_code, outcome.json()) == (200, {"status": "Succeeded"})


def test_a_tag_that_is_there_is_moved_by_force_only(
    client: ContainerRegistryManagementClient, container_registry: str, other: str
) -> None:
    begin = client.registries.begin_import_image
    begin(GROUP, other, order(container_registry, target_tags=["taken:1"])).result()
    with pytest.raises(HttpResponseError, match="taken:1 already exists") as refused:
        begin(GROUP, other, order(container_registry, target_tags=["taken:1"]))
    assert refused.value.status_code == 409
    begin(GROUP, other, order(container_registry, target_tags=["taken:1"], mode="Force")).result()


def test_who_may_not_pull_does_not_import(
    client: ContainerRegistryManagementClient, container_registry: str, other: str
) -> None:
    wrong = ImportSourceCredentials(username=access.CLIENT_ID, password="wrong")
    for credentials in (wrong, None):
        with pytest.raises(ClientAuthenticationError, match="do not open"):
            client.registries.begin_import_image(GROUP, other, order(container_registry, credentials=credentials))


def test_what_is_not_there_or_elsewhere_is_not_imported(
    client: ContainerRegistryManagementClient, container_registry: str, other: str
) -> None:
    with pytest.raises(HttpResponseError, match="'team/none' is not in"):
        client.registries.begin_import_image(GROUP, other, order(container_registry, "team/none:1"))
    hub = ImportSource(registry_uri="registry.hub.docker.com", source_image="library/hello-world")
    with pytest.raises(HttpResponseError, match=r"not one of 'registry\.hub\.docker\.com'") as refused:
        client.registries.begin_import_image(GROUP, other, ImportImageParameters(source=hub))
    assert refused.value.error is not None
    assert refused.value.error.code == "NotEmulated"
