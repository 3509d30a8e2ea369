"""The platform behind each kind of target."""

from blocks.container_instances import ContainerInstances
from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.declaration.target import (
    BatchEndpointTarget,
    ContainerInstanceTarget,
    HelmReleaseTarget,
    KubernetesManifestTarget,
    ServingTarget,
    Target,
)
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.container_instance.target import ContainerGroups
from tasks.targets.helm.target import HelmReleases
from tasks.targets.manifest.target import KubernetesManifests
from tasks.targets.platform import Platform


def platform_of(workload: Workload, target: ServingTarget) -> Platform:
    """With the blocks that the target names; Terminal when one is not registered."""
    if isinstance(target, BatchEndpointTarget):
        return BatchEndpoints(workload, loaded(Workspace, target.workspace), target)
    if isinstance(target, HelmReleaseTarget):
        return HelmReleases(workload, loaded(KubernetesCluster, target.cluster), target)
    if isinstance(target, KubernetesManifestTarget):
        return KubernetesManifests(workload, loaded(KubernetesCluster, target.cluster), target)
    return _container_groups(workload, target)


def container_groups_of(workload: Workload, target: Target) -> ContainerGroups | None:
    """Where deployments have a time to live; None where the target is of another kind."""
    if not isinstance(target, ContainerInstanceTarget):
        return None
    return _container_groups(workload, target)


def workspace_of(platform: Platform) -> Workspace:
    """Where its scoring jobs run; Terminal where it scores no files."""
    if not isinstance(platform, BatchEndpoints):
        raise Terminal(f"{platform.place} scores no files, so nothing can be replayed there")
    return platform.workspace


def _container_groups(workload: Workload, target: ContainerInstanceTarget) -> ContainerGroups:
    return ContainerGroups(workload, loaded(ContainerInstances, target.instances), target)
