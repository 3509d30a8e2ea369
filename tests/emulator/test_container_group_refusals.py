"""What is refused of a container group, and in which words."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerinstance import ContainerInstanceManagementClient

from emulator.identity import access
from emulator.server import Emulator

GROUP = "rg"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def image(emulator: Emulator, push_image: Callable[..., str]) -> str:
    """An image that waits."""
    return push_image("import time; time.sleep(60)", "waits")


def group(image: str) -> dict[str, Any]:
    """A good group, whose properties are easy to change."""
    resources = {"requests": {"cpu": 1.0, "memoryInGB": 1.5}}
    container = {"name": "app", "properties": {"image": image, "ports": [{"port": 8080}], "resources": resources}}
    credential = {
        "server": "acrservices.azurecr.io",
        "username": access.CLIENT_ID,
        "password": access.CLIENT_SECRET,
    }
    return {
        "location": "westeurope",
        "properties": {
            "osType": "Linux",
            "containers": [container],
            "ipAddress": {"type": "Public", "ports": [{"port": 8080}]},
            "imageRegistryCredentials": [credential],
        },
    }


def container(wanted: dict[str, Any]) -> dict[str, Any]:
    found = wanted["properties"]["containers"][0]["properties"]
    assert isinstance(found, dict)
    return found


REFUSED: list[tuple[str, Change, str]] = [
    ("no containers", lambda it: it["properties"].update(containers=[]), "properties.containers"),
    (
        "61 containers",
        lambda it: it["properties"].update(containers=it["properties"]["containers"] * 61),
        "at most 60 items",
    ),
    ("no image", lambda it: container(it).pop("image"), "containers.0.properties.image': Field required"),
    ("no cpu", lambda it: container(it)["resources"]["requests"].pop("cpu"), "ResourceRequestsNotSpecified"),
    ("no memory", lambda it: container(it)["resources"]["requests"].pop("memoryInGB"), "ResourceRequestsNotSpecified"),
    ("no resources", lambda it: container(it).pop("resources"), "in container 'app' of contain group 'refused'"),
    ("no address's ports", lambda it: it["properties"]["ipAddress"].update(ports=[]), "MissingIpAddressPorts"),
    ("too much cpu", lambda it: container(it)["resources"]["requests"].update(cpu=5), "less than or equal to 4"),
    ("a port that is none", lambda it: container(it).update(ports=[{"port": 65_536}]), "less than or equal to 65535"),
    (
        "another system",
        lambda it: it["properties"].update(osType="BeOS"),
        "The 'osType' for container group '<null>' is invalid. The value must be one of 'Windows,Linux'",
    ),
    ("no system", lambda it: it["properties"].pop("osType"), "InvalidOsType"),
    ("another policy", lambda it: it["properties"].update(restartPolicy="Maybe"), "'Always', 'OnFailure' or 'Never'"),
    ("a container's name", lambda it: it["properties"]["containers"][0].update(name="App"), "container name 'App'"),
    (
        "two of one name",
        lambda it: it["properties"].update(containers=it["properties"]["containers"] * 2),
        "'app' in container group 'refused' is used more than once",
    ),
    (
        "a port twice",
        lambda it: container(it).update(ports=[{"port": 8080}, {"port": 8080}]),
        "ports 8080 in the 'containers' of container group 'refused' are used more than once",
    ),
    (
        "a public port that no container has",
        lambda it: it["properties"]["ipAddress"].update(ports=[{"port": 81}]),
        "Following ports '81' in the 'ipAddress' are not used by any container in container group 'refused'",
    ),
    ("a label", lambda it: it["properties"]["ipAddress"].update(dnsNameLabel="A_b"), "DNS name label 'A_b'"),
    (
        "a variable's name",
        lambda it: container(it).update(environmentVariables=[{"name": "A=B", "value": "c"}]),
        "environmentVariables.0.name",
    ),
    ("a null character", lambda it: container(it).update(command=["a\0b"]), "command.0"),
    ("a probe's path", lambda it: container(it).update(livenessProbe={"httpGet": {"port": 1, "path": "x y"}}), "path"),
    (
        "a volume",
        lambda it: it["properties"].update(volumes=[{"name": "v", "emptyDir": {}}]),
        "does not run .* volumes",
    ),
    ("Windows", lambda it: it["properties"].update(osType="Windows"), "does not run .* osType Windows"),
    ("a private address", lambda it: it["properties"]["ipAddress"].update(type="Private"), "ipAddress Private"),
    (
        "an image that is not there",
        lambda it: container(it).update(image="acrservices.azurecr.io/no:1"),
        "'acrservices.azurecr.io/no:1' in",
    ),
    ("an image of elsewhere", lambda it: container(it).update(image="nginx"), "NotEmulated.*'nginx'"),
    ("a confidential group", lambda it: it["properties"].update(sku="Confidential"), "NotEmulated.*sku Confidential"),
    (
        "a label with a hash",
        lambda it: it["properties"]["ipAddress"].update(autoGeneratedDomainNameLabelScope="TenantReuse"),
        "NotEmulated.*autoGeneratedDomainNameLabelScope TenantReuse",
    ),
    ("no location", lambda it: it.pop("location"), "LocationRequired"),
    (
        "a location that is none",
        lambda it: it.update(location="atlantis"),
        "LocationNotAvailableForResourceType.*'atlantis' is not available for resource type 'Microsoft.ContainerInstance",
    ),
    (
        "no credentials",
        lambda it: it["properties"].pop("imageRegistryCredentials"),
        "is not accessible. Please check the image and registry credential",
    ),
    (
        "a wrong password",
        lambda it: it["properties"]["imageRegistryCredentials"][0].update(password="wrong"),
        "is not accessible. Please check the image and registry credential",
    ),
    (
        "credentials for another registry",
        lambda it: it["properties"]["imageRegistryCredentials"][0].update(server="other.azurecr.io"),
        "is not accessible. Please check the image and registry credential",
    ),
    (
        "an admin of a registry that has none",
        lambda it: it["properties"]["imageRegistryCredentials"][0].update(username="acr", password=""),
        "is not accessible. Please check the image and registry credential",
    ),
    (
        "an identity that is not the group's",
        lambda it: it["properties"].update(
            imageRegistryCredentials=[{"server": "acrservices.azurecr.io", "identity": "/subscriptions/s/identity"}]
        ),
        "is not accessible. Please check the image and registry credential",
    ),
]


@pytest.mark.parametrize(("change", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_wrong_is_refused_before_anything_is_made(
    instances: ContainerInstanceManagementClient, image: str, change: Change, words: str
) -> None:
    wanted = group(image)
    change(wanted)
    with pytest.raises(HttpResponseError, match=f"(?s){words}") as refused:
        instances.container_groups.begin_create_or_update(GROUP, "refused", json.dumps(wanted).encode())
    assert refused.value.status_code == 400
    assert not [one for one in instances.container_groups.list() if one.name == "refused"]


@pytest.mark.parametrize("name", ["Upper", "-a", "a-", "a--b", "a_b", "a" * 64])
def test_a_name_that_azure_would_not_take(instances: ContainerInstanceManagementClient, image: str, name: str) -> None:
    with pytest.raises(HttpResponseError, match=f"container group name '{name}' is invalid"):
        instances.container_groups.begin_create_or_update(GROUP, name, group(image))


def test_a_label_is_one_groups_in_a_region(instances: ContainerInstanceManagementClient, image: str) -> None:
    groups = instances.container_groups
    wanted = group(image)
    wanted["properties"]["ipAddress"]["dnsNameLabel"] = "prices"
    first = groups.begin_create_or_update(GROUP, "first", wanted).result(30)
    assert first.ip_address.fqdn == "prices.westeurope.azurecontainer.io"
    with pytest.raises(HttpResponseError, match="label 'prices' in container group 'second' not available"):
        groups.begin_create_or_update(GROUP, "second", wanted)
    elsewhere = groups.begin_create_or_update(GROUP, "second", {**wanted, "location": "northeurope"}).result(30)
    assert elsewhere.ip_address.fqdn == "prices.northeurope.azurecontainer.io"
    assert elsewhere.ip_address.ip != first.ip_address.ip
    for name in ("first", "second"):
        groups.begin_delete(GROUP, name).result(30)


def test_a_managed_identity_of_the_group_may_pull(instances: ContainerInstanceManagementClient, image: str) -> None:
    wanted, name = group(image), "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/i"
    wanted["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {name: {}}}
    wanted["properties"]["imageRegistryCredentials"] = [{"server": "acrservices.azurecr.io", "identity": name}]
    made = instances.container_groups.begin_create_or_update(GROUP, "identified", wanted).result(30)
    assert made.provisioning_state == "Succeeded"
    instances.container_groups.begin_delete(GROUP, "identified").result(30)
