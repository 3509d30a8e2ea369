"""Clusters of Azure Kubernetes Service, through the unmodified SDK."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import (
    ManagedCluster,
    ManagedClusterAADProfile,
    ManagedClusterIdentity,
    ManagedClusterServicePrincipalProfile,
    ManagedClusterWindowsProfile,
    RunCommandRequest,
)

from emulator.identity import access

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"


@pytest.fixture(scope="module")
def client(credential: ClientSecretCredential) -> Iterator[ContainerServiceClient]:
    with ContainerServiceClient(credential, SUBSCRIPTION) as made:
        yield made


def create(client: ContainerServiceClient, name: str, **more: bool) -> ManagedCluster:
    wanted = ManagedCluster(location="westeurope", tags={"a": "1"}, dns_prefix=name, **more)
    return client.managed_clusters.begin_create_or_update(GROUP, name, wanted).result()


def test_a_cluster_is_created_read_listed_and_deleted(client: ContainerServiceClient) -> None:
    made = create(client, "aks-one")
    assert (made.provisioning_state, made.tags, made.dns_prefix) == ("Succeeded", {"a": "1"}, "aks-one")
    assert client.managed_clusters.get(GROUP, "aks-one").id == made.id
    assert "aks-one" in [one.name for one in client.managed_clusters.list()]
    assert "aks-one" in [one.name for one in client.managed_clusters.list_by_resource_group(GROUP)]
    client.managed_clusters.begin_delete(GROUP, "aks-one").result()
    with pytest.raises(ResourceNotFoundError, match="was not found"):
        client.managed_clusters.get(GROUP, "aks-one")


def test_its_identity_has_a_principal(client: ContainerServiceClient) -> None:
    wanted = ManagedCluster(location="westeurope", identity=ManagedClusterIdentity(type="SystemAssigned"))
    found = client.managed_clusters.begin_create_or_update(GROUP, "aks-identity", wanted).result().identity
    assert found is not None
    assert found.principal_id
    assert found.tenant_id == access.TENANT_ID


def test_its_credentials_are_the_kubeconfig_as_it_is_now(
    client: ContainerServiceClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create(client, "aks-two")
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))
    for content in (b"first", b"second"):
        file.write_bytes(content)
        [user] = client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-two").kubeconfigs or []
        [admin] = client.managed_clusters.list_cluster_admin_credentials(GROUP, "aks-two").kubeconfigs or []
        assert (user.name, bytes(user.value or b"")) == ("clusterUser", content)
        assert (admin.name, bytes(admin.value or b"")) == ("clusterAdmin", content)


def test_a_laptop_without_a_cluster_says_so(client: ContainerServiceClient, monkeypatch: pytest.MonkeyPatch) -> None:
    create(client, "aks-three")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ResourceNotFoundError, match=r"this laptop has no Kubernetes cluster \(KUBECONFIG is not set"):
        client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-three")
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    with pytest.raises(ResourceNotFoundError, match="/nowhere/config cannot be read"):
        client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-three")


def test_what_there_is_no_cluster_of_has_no_credentials(client: ContainerServiceClient) -> None:
    with pytest.raises(ResourceNotFoundError, match="was not found"):
        client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-none")
    create(client, "aks-closed", disable_local_accounts=True)
    with pytest.raises(HttpResponseError, match="disable local accounts"):
        client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-closed")


def test_whoever_signs_in_with_entra_needs_no_local_account(
    client: ContainerServiceClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = ManagedCluster(
        location="westeurope", disable_local_accounts=True, aad_profile=ManagedClusterAADProfile(managed=True)
    )
    client.managed_clusters.begin_create_or_update(GROUP, "aks-entra", wanted).result()
    file = tmp_path / "kubeconfig"
    file.write_bytes(b"entra")
    monkeypatch.setenv("KUBECONFIG", str(file))
    [user] = client.managed_clusters.list_cluster_user_credentials(GROUP, "aks-entra").kubeconfigs or []
    assert bytes(user.value or b"") == b"entra"
    with pytest.raises(HttpResponseError, match="disable local accounts"):
        client.managed_clusters.list_cluster_admin_credentials(GROUP, "aks-entra")


def test_secrets_are_never_given_back(client: ContainerServiceClient) -> None:
    wanted = ManagedCluster(
        location="westeurope",
        service_principal_profile=ManagedClusterServicePrincipalProfile(client_id="123", secret="hush-one"),
        windows_profile=ManagedClusterWindowsProfile(admin_username="ada", admin_password="hush-two"),
    )
    poller = client.managed_clusters.begin_create_or_update(GROUP, "aks-secret", wanted)
    listed = next(one for one in client.managed_clusters.list() if one.name == "aks-secret")
    for found in (poller.result(), client.managed_clusters.get(GROUP, "aks-secret"), listed):
        assert found.service_principal_profile is not None
        assert found.service_principal_profile.client_id == "123"
        assert "hush" not in str(found.as_dict())


def test_what_would_change_the_cluster_itself_is_not_emulated(client: ContainerServiceClient) -> None:
    create(client, "aks-still")
    for begin in (client.managed_clusters.begin_stop, client.managed_clusters.begin_start):
        with pytest.raises(HttpResponseError, match="The emulator does not do"):
            begin(GROUP, "aks-still")
    with pytest.raises(HttpResponseError, match="'runCommand' with a cluster"):
        client.managed_clusters.begin_run_command(GROUP, "aks-still", RunCommandRequest(command="kubectl get ns"))


@pytest.mark.parametrize("wrong", ["-a", "x" * 64])
def test_a_name_that_azure_refuses_is_refused(client: ContainerServiceClient, wrong: str) -> None:
    with pytest.raises(HttpResponseError, match="is invalid"):
        create(client, wrong)
