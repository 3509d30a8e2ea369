"""Stage 1: from the workspace to the shared registry. (Seed 002, "Promote to Registry".)"""

from datetime import UTC, datetime

from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.declaration.target import ModelRegistryTarget
from domain.declaration.workload import Workload
from domain.ledger.fact import Kind
from domain.release.manifest import Release
from domain.tags import model_tags
from flows.fan_out.each import map_split
from flows.stage.active_units import Fleet
from flows.stage.ownership import must_be_own
from flows.stage.stage_run import StageRun
from tasks.azure_ml.models import publish_model


def publish_models(at: StageRun, workload: Workload, release: Release, target: ModelRegistryTarget) -> dict[str, str]:
    """Publish every circuit's model; circuit → reason when that failed and ends the release."""
    must_be_own(at.ledger, workload, [unit.unit for unit in release.units], [workload.stage(at.stage)])
    fleet = Fleet(at, release, workload.independent)
    dev, registry = loaded(Workspace, "dev"), loaded(ModelRegistry, target.registry)
    calls = {
        str(unit.unit): (
            dev,
            registry,
            unit,
            model_tags(
                workload.name, unit.unit, unit.cutoff_date, "dev", datetime.now(UTC), release.name, release.build_id
            ),
        )
        for unit in fleet.units()
    }
    _, failures = map_split(publish_model, calls, f"publish to {target.registry}")
    if fleet.ends_by(failures):
        return failures
    units = {str(unit.unit): f"{unit.model_name}:{unit.model_version}" for unit in fleet.units()}
    at.once(Kind.PROMOTED, {"units": units})
    at.write(Kind.VERIFIED, {"passed": True})
    return {}
