"""The platform behind each kind of target."""

from blocks.container_instances import ContainerInstances
from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.target import BatchEndpointTarget, HelmReleaseTarget, KubernetesManifestTarget, ServingTarget
from domain.workload import Workload
from tasks.batch_endpoints import BatchEndpoints
from tasks.container_instances import ContainerGroups
from tasks.helm_releases import HelmReleases
from tasks.kubernetes_manifests import KubernetesManifests
from tasks.platform import Platform


def platform_of(workload: Workload, target: ServingTarget) -> Platform:
    """With the blocks that the target names; Terminal when one is not registered."""
    if isinstance(target, BatchEndpointTarget):
        return BatchEndpoints(workload, loaded(Workspace, target.workspace), target)
    if isinstance(target, HelmReleaseTarget):
        return HelmReleases(workload, loaded(KubernetesCluster, target.cluster), target)
    if isinstance(target, KubernetesManifestTarget):
        return KubernetesManifests(workload, loaded(KubernetesCluster, target.cluster), target)
    return ContainerGroups(workload, loaded(ContainerInstances, target.instances), target)


def workspace_of(platform: Platform) -> Workspace:
    """Where its scoring jobs run; Terminal where it scores no files."""
    if not isinstance(platform, BatchEndpoints):
        raise Terminal(f"{platform.place} scores no files, so nothing can be replayed there")
    return platform.workspace
