"""Nothing of another workload's is touched: asked before a flow does anything."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.declaration.stage import Stage
from domain.declaration.target import ModelRegistryTarget, ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.text import listed_reasons
from domain.unit import Unit
from tasks.platforms import platform_of
from tasks.targets.ownership import faults_of_endpoints, faults_of_registry

MOST_SHOWN = 5


def must_be_own(ledger: Ledger, workload: Workload, units: Sequence[Unit], stages: Sequence[Stage]) -> None:
    """Terminal, with what is whose, where these circuits have another workload's models or endpoints at these stages."""
    faults: dict[str, str] = {}
    for stage in stages:
        found: dict[str, str] = {}
        if isinstance(stage.target, ServingTarget):
            found = faults_of_endpoints(ledger, platform_of(workload, stage.target), workload, stage.name, units)
        elif isinstance(stage.target, ModelRegistryTarget):
            registry = loaded(ModelRegistry, stage.target.registry)
            found = faults_of_registry(ledger, registry, workload, stage.name, units)
        faults |= {f"{name} at {stage.name}": why for name, why in found.items()}
    if faults:
        raise Terminal(f"nothing was touched: {listed_reasons(faults, MOST_SHOWN)}")
