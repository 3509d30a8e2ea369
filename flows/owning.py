"""Nothing of another workload's is touched: asked before a flow does anything."""

from collections.abc import Sequence

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.errors import Terminal
from domain.stage import Stage
from domain.target import ModelRegistryTarget, ServingTarget
from domain.unit import Unit
from domain.workload import Workload
from tasks.ownership import faults_of_endpoints, faults_of_registry
from tasks.platforms import platform_of

MOST_SHOWN = 5


def must_be_own(ledger: Ledger, workload: Workload, units: Sequence[Unit], stages: Sequence[Stage]) -> None:
    """Terminal, with what is whose, where these circuits have another workload's models or endpoints at these stages."""
    faults: list[str] = []
    for stage in stages:
        if isinstance(stage.target, ServingTarget):
            faults += faults_of_endpoints(ledger, platform_of(workload, stage.target), workload, units)
        elif isinstance(stage.target, ModelRegistryTarget):
            registry = loaded(ModelRegistry, stage.target.registry)
            faults += faults_of_registry(ledger, registry, workload, units)
    if faults:
        more = f"; and {len(faults) - MOST_SHOWN} more" if len(faults) > MOST_SHOWN else ""
        raise Terminal(f"nothing was touched: {'; '.join(faults[:MOST_SHOWN])}{more}")
