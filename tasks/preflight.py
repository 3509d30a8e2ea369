"""What keeps a stage from taking a release, whoever asks: what it names is not there, or is another workload's."""

from collections.abc import Sequence

from blocks.container_registry import ContainerRegistry
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerRegistryTarget, ModelRegistryTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.unit import Unit
from tasks.approval.approvers import faults_of_gate
from tasks.platforms import platform_of
from tasks.targets.ownership import faults_of_endpoints, faults_of_registry


def preflight_faults(workload: Workload, stage: Stage) -> list[str]:
    """Blocks, clusters and approvers that the stage names and that are not there, or cannot do it."""
    faults: list[str] = []
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
    return faults


def ownership_faults(ledger: Ledger, workload: Workload, units: Sequence[Unit], stage: Stage) -> dict[str, str]:
    """Circuit → why its model or endpoint at the stage is another workload's; nothing where all are this one's."""
    target = stage.target
    if isinstance(target, ModelRegistryTarget):
        return faults_of_registry(ledger, loaded(ModelRegistry, target.registry), workload, stage.name, units)
    if isinstance(target, ContainerRegistryTarget):
        return {}
    return faults_of_endpoints(ledger, platform_of(workload, target), workload, stage.name, units)
