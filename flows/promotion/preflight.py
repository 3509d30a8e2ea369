"""Before a release starts: every block and cluster that its stages name is there."""

from collections.abc import Sequence

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerRegistryTarget, ModelRegistryTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.approval.approvers import faults_of_gate
from tasks.platforms import platform_of


def check_blocks(workload: Workload, stages: Sequence[Stage]) -> None:
    """Every block and cluster that the stages name, before anything is touched; one error lists all that is missing or wrong."""
    faults: list[str] = []
    for stage in stages:
        target = stage.target
        try:
            if isinstance(target, ModelRegistryTarget):
                loaded(ModelRegistry, target.registry)
            elif isinstance(target, ContainerRegistryTarget):
                loaded(ContainerRegistry, target.registry)
            else:
                platform = platform_of(workload, target)
                faults += platform.faults_of_names(workload.units)
                faults += [f"stage {stage.name}: {one}" for one in platform.preflight_faults()]
            if stage.gate is not None:
                faults += faults_of_gate(stage.gate)
        except Terminal as error:
            faults.append(f"stage {stage.name}: {error}")
    if faults:
        raise Terminal("the release cannot start:\n  " + "\n  ".join(faults))
