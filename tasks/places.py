"""What each stage stands for, by the blocks as they are now: approvals are for that, and it is looked at again before it is changed."""

from collections.abc import Sequence

from blocks.container_instances import ContainerInstances
from blocks.container_registry import ContainerRegistry
from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.declaration.place import Place
from domain.declaration.stage import Stage
from domain.declaration.target import (
    BatchEndpointTarget,
    ContainerInstanceTarget,
    ContainerRegistryTarget,
    ModelRegistryTarget,
    ServingTarget,
)
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.platforms import platform_of


def placed(workload: Workload) -> Workload:
    """The same, each of its stages with its place; without one where its block is not there, which is told elsewhere."""
    return workload.model_copy(update={"stages": tuple(_placed(workload, stage) for stage in workload.stages)})


def must_be_where_it_was(workload: Workload, stage: Stage) -> None:
    """Terminal where the stage's block points elsewhere by now than what was asked about."""
    if stage.place is not None and (now := place_of(workload, stage)) != stage.place:
        raise Terminal(
            f"stage {stage.name} points elsewhere than when this run began: to {now}, and it was {stage.place}. Somebody has edited the block "
            "that its target names. Find out who; run the release again, and people are asked about the new place"
        )


def faults_of_places(stages: Sequence[Stage]) -> list[str]:
    """Stages that would switch the same thing."""
    faults: list[str] = []
    first: dict[Place, str] = {}
    for stage in stages:
        if stage.place is None or not isinstance(stage.target, ServingTarget):
            continue
        known = first.setdefault(stage.place, stage.name)
        if known != stage.name:
            faults.append(
                f"stages {known} and {stage.name} would switch the same endpoints, in {stage.place}: give one another block, or its block "
                "another prefix or suffix"
            )
    return faults


def place_of(workload: Workload, stage: Stage) -> Place:
    """By the blocks as they are now; Terminal where one is not there."""
    target = stage.target
    if isinstance(target, ModelRegistryTarget):
        return Place.of(f"azureml://registries/{loaded(ModelRegistry, target.registry).registry_name}")
    if isinstance(target, ContainerRegistryTarget):
        registry = loaded(ContainerRegistry, target.registry)
        group = _group(registry.subscription_id, registry.resource_group)
        return Place.of(f"{group}/providers/Microsoft.ContainerRegistry/registries/{registry.registry_name}")
    platform = platform_of(workload, target)
    endpoints = [platform.endpoint(unit) for unit in workload.units]
    if isinstance(target, BatchEndpointTarget):
        at = loaded(Workspace, target.workspace)
        group = _group(at.subscription_id, at.resource_group)
        place = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{at.workspace_name}"
        return Place.of(place, endpoints=endpoints)
    if isinstance(target, ContainerInstanceTarget):
        instances = loaded(ContainerInstances, target.instances)
        return Place.of(_group(instances.subscription_id, instances.resource_group), endpoints=endpoints)
    cluster = loaded(KubernetesCluster, target.cluster)
    group = _group(cluster.subscription_id, cluster.resource_group)
    place = f"{group}/providers/Microsoft.ContainerService/managedClusters/{cluster.cluster_name}"
    return Place.of(place, cluster.namespace, endpoints)


def _placed(workload: Workload, stage: Stage) -> Stage:
    try:
        return stage.model_copy(update={"place": place_of(workload, stage)})
    except Terminal:
        return stage


def _group(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"
