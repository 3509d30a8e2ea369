"""What a subscription holds before Signalbox comes: workspaces, registries, clusters. For the laptop only.

On Azure these are provisioned. The requests are Azure's own, so this would work there, too.
"""

from typing import Any

from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest

from blocks.azure_credential import AzureCredential
from blocks.loading import loaded
from deployments.environments.environment import Environment
from tasks.azure_errors import azure_errors

ARM = "https://management.azure.com"
PROVIDER = "providers/Microsoft.MachineLearningServices"
API_VERSION = "2024-10-01"
REGISTRY_VERSION = "2023-07-01"
CLUSTER_VERSION = "2025-07-01"


def create_resources(environment: Environment) -> None:
    """Resource groups, workspaces, registries and clusters of the environment; what is there stays as it is."""
    credential = loaded(AzureCredential, "azure").get_client()
    policies: list[Any] = [RetryPolicy(), BearerTokenCredentialPolicy(credential, f"{ARM}/.default")]
    client: PipelineClient[Any, Any] = PipelineClient(ARM, policies=policies)
    with client, azure_errors("creating the laptop's resources"):
        for workspace in environment.workspaces.values():
            group = f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
            _put(client, group, workspace.location)
            _put(client, f"{group}/{PROVIDER}/workspaces/{workspace.workspace_name}", workspace.location)
        first = next(iter(environment.workspaces.values()))
        group = f"/subscriptions/{first.subscription_id}/resourceGroups/{first.resource_group}"
        for registry in environment.registries.values():
            _put(client, f"{group}/{PROVIDER}/registries/{registry.registry_name}", first.location)
        for images in environment.container_registries.values():
            group = f"/subscriptions/{images.subscription_id}/resourceGroups/{images.resource_group}"
            _put(client, group, first.location)
            path = f"{group}/providers/Microsoft.ContainerRegistry/registries/{images.registry_name}"
            _put(client, path, first.location, REGISTRY_VERSION, sku={"name": "Standard"})
        for instances in environment.container_instances.values():
            group = f"/subscriptions/{instances.subscription_id}/resourceGroups/{instances.resource_group}"
            _put(client, group, instances.location)
        for cluster in environment.kubernetes_clusters.values():
            group = f"/subscriptions/{cluster.subscription_id}/resourceGroups/{cluster.resource_group}"
            _put(client, group, cluster.location)
            path = f"{group}/providers/Microsoft.ContainerService/managedClusters/{cluster.cluster_name}"
            _put(client, path, cluster.location, CLUSTER_VERSION)


def _put(client: PipelineClient[Any, Any], path: str, location: str, version: str = API_VERSION, **more: Any) -> None:
    address = client.format_url(f"{path}?api-version={version}")
    if client.send_request(HttpRequest("GET", address)).status_code == 200:
        return
    body = {"location": location, "properties": {}, **more}
    client.send_request(HttpRequest("PUT", address, json=body)).raise_for_status()
