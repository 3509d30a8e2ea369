"""Stage 1: from the workspace to the shared registry. (Seed 002, "Promote to Registry".)"""

from datetime import UTC, datetime

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.fact import Kind, facts_of
from domain.release import Release
from domain.stage import ModelRegistryTarget, Stage
from domain.tags import model_tags
from domain.workload import Workload
from flows.fan_out import gathered
from tasks.ledger import read_facts, record
from tasks.models import promote_model


def promote_stage(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, target: ModelRegistryTarget
) -> dict[str, str]:
    """Promote every circuit's model; circuit → reason of those that could not be. All must, or the stage fails."""
    dev, registry = loaded(Workspace, "dev"), loaded(ModelRegistry, target.registry)
    futures = {
        str(unit.unit): promote_model.submit(
            dev,
            registry,
            unit,
            model_tags(unit.unit, unit.cutoff_date, "dev", datetime.now(UTC), release.name, release.build_id),
        )
        for unit in release.units
    }
    _, failures = gathered(futures)
    if failures:
        return failures
    if not facts_of(read_facts(ledger, workload.name, release.name), Kind.PROMOTED, stage.name):
        units = {str(unit.unit): f"{unit.model_name}:{unit.model_version}" for unit in release.units}
        record(ledger, workload.name, release.name, Kind.PROMOTED, {"stage": stage.name, "units": units})
    record(ledger, workload.name, release.name, Kind.VERIFIED, {"stage": stage.name, "passed": True})
    return {}
