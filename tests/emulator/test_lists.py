"""What Azure lists beside resources, and what is not there to be listed."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerinstance import ContainerInstanceManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.mgmt.containerservice import ContainerServiceClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
Arm = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (ContainerInstanceManagementClient, "Microsoft.ContainerInstance/containerGroups/read"),
        (ContainerRegistryManagementClient, "Microsoft.ContainerRegistry/registries/read"),
        (ContainerServiceClient, "Microsoft.ContainerService/managedClusters/read"),
    ],
)
def test_a_provider_says_what_may_be_done(credential: ClientSecretCredential, client: Any, name: str) -> None:
    with client(credential, SUBSCRIPTION) as made:
        assert name in [one.name for one in made.operations.list()]


def test_a_registry_says_how_much_of_it_is_used(
    credential: ClientSecretCredential, container_registry: str, build: Callable[..., tuple[Any, str]]
) -> None:
    build({"Dockerfile": "FROM scratch\nCOPY note.txt /", "note.txt": "a note"}, "sized:1", "sized:2")
    with ContainerRegistryManagementClient(credential, SUBSCRIPTION) as client:
        size, webhooks = client.registries.list_usages(GROUP, container_registry).value or []
        assert (size.name, size.unit, size.limit, size.current_value) == ("Size", "Bytes", 10 * 1024**3, 6)
        assert (webhooks.name, webhooks.limit, webhooks.current_value) == ("Webhooks", 2, 0)
        with pytest.raises(ResourceNotFoundError):
            client.registries.list_usages(GROUP, "absentregistry")


def test_what_is_not_there_has_no_list(credential: ClientSecretCredential, arm: Arm) -> None:
    with (
        ContainerRegistryTasksMgmtClient(credential, SUBSCRIPTION) as tasks,
        pytest.raises(
            ResourceNotFoundError, match="registries/absentregistry' under resource group 'rg' was not found"
        ),
    ):
        list(tasks.runs.list(GROUP, "absentregistry"))
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
    assert arm("GET", f"{scope}/Microsoft.MachineLearningServices/workspaces/absent/jobs").status_code == 404


def test_a_group_depends_on_nothing_outside(
    credential: ClientSecretCredential, instances: ContainerInstanceManagementClient, push_image: Callable[..., str]
) -> None:
    from test_container_groups import body

    groups = instances.container_groups
    image = push_image("import time; time.sleep(60)", "network")
    groups.begin_create_or_update(GROUP, "network", body(image, port=None)).result(30)
    assert groups.get_outbound_network_dependencies_endpoints(GROUP, "network") == []
    groups.begin_delete(GROUP, "network").result(30)
    with pytest.raises(ResourceNotFoundError):
        groups.get_outbound_network_dependencies_endpoints(GROUP, "network")


def test_resources_are_found_by_their_type(arm: Arm, container_registry: str) -> None:
    for place in (f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"):
        query = {"api-version": "2024-11-01", "$filter": "resourceType eq 'Microsoft.ContainerRegistry/registries'"}
        found = arm("GET", f"{place}/resources", params=query).json()["value"]
        assert container_registry in [one["name"] for one in found]
        assert {one["type"] for one in found} == {"Microsoft.ContainerRegistry/registries"}
        query["$filter"] = "resourceType eq 'Contoso.Widgets/none'"
        assert arm("GET", f"{place}/resources", params=query).json()["value"] == []
        query["$filter"] = "color eq 'red'"
        assert arm("GET", f"{place}/resources", params=query).json()["error"]["code"] == "InvalidFilterInQueryString"
