"""Images: one a circuit, with the model that was released in it. (Seed 001, "Build and push".)

Which run makes which image is written down before the builds end, so that a release that is started again follows its own builds,
and takes no other image for one of them.
"""

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.declaration.target import ContainerRegistryTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.naming import image_repository
from domain.release.built_images import builds_begun
from domain.release.manifest import Release
from flows.fan_out.each import map_split, map_units, split_results
from flows.stage.active_units import Fleet
from flows.stage.stage_run import StageRun
from tasks.targets.images.build import begin_build, finish_build


def publish_images(
    at: StageRun, workload: Workload, release: Release, target: ContainerRegistryTarget
) -> dict[str, str]:
    """Build every circuit's image; circuit → reason when that failed and ends the release."""
    fleet = Fleet(at, release, workload.independent)
    failures = _begin(at, fleet, workload, target)
    if fleet.ends_by(failures):
        return failures
    registry, runs = loaded(ContainerRegistry, target.registry), builds_begun(at.facts(), at.stage)
    calls = {
        name: (
            registry,
            image_repository(workload.name, unit.unit),
            release.name,
            runs[name],
            target.timeout_minutes,
        )
        for unit in fleet.units()
        if (name := str(unit.unit))
    }
    images, failures = map_split(finish_build, calls, f"build in {target.registry}")
    if fleet.ends_by(failures):
        return failures
    at.once(Kind.PROMOTED, {"images": {name: image.pinned for name, image in images.items()}})
    at.write(Kind.VERIFIED, {"passed": True})
    return {}


def _begin(at: StageRun, fleet: Fleet, workload: Workload, target: ContainerRegistryTarget) -> dict[str, str]:
    """Schedule what no run before this one has; circuit → reason when that failed."""
    if workload.service is None:
        raise Terminal(f"{workload.name} declares no service, so there is nothing to build")
    dev, registry = loaded(Workspace, "dev"), loaded(ContainerRegistry, target.registry)
    begun = builds_begun(at.facts(), at.stage)
    calls = {
        str(unit.unit): (
            dev,
            registry,
            workload.service,
            workload.folder,
            unit,
            f"{image_repository(workload.name, unit.unit)}:{at.release}",
            target.timeout_minutes,
        )
        for unit in fleet.units()
        if str(unit.unit) not in begun
    }
    outcomes = map_units(begin_build, calls, f"begin to build in {target.registry}")
    runs = {name: run for name, run in outcomes.items() if isinstance(run, str)}
    if runs:  # whatever became of the others
        at.write(Kind.BUILDING, {"runs": runs})
    return split_results(outcomes)[1]
