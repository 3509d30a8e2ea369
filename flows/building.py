"""Images: one a circuit, with the model that was released in it. (Seed 001, "Build and push".)"""

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.fact import Kind
from domain.naming import image_repository
from domain.release import Release
from domain.target import ContainerRegistryTarget
from domain.workload import Workload
from flows.fan_out import gathered
from flows.fleet import Fleet
from flows.stage_run import StageRun
from tasks.images import build_image


def build_stage(at: StageRun, workload: Workload, release: Release, target: ContainerRegistryTarget) -> dict[str, str]:
    """Build every circuit's image; circuit → reason when that failed and ends the release."""
    if workload.service is None:
        raise Terminal(f"{workload.name} declares no service, so there is nothing to build")
    fleet = Fleet(at, release, workload.fleet == "independent")
    dev, registry = loaded(Workspace, "dev"), loaded(ContainerRegistry, target.registry)
    calls = {
        str(unit.unit): (
            dev,
            registry,
            workload.service,
            workload.folder,
            unit,
            image_repository(workload.name, unit.unit),
            release.name,
            target.timeout_minutes,
        )
        for unit in fleet.units()
    }
    images, failures = gathered(build_image, calls, f"build in {target.registry}")
    if fleet.ends_by(failures):
        return failures
    at.once(Kind.PROMOTED, {"images": {name: image.pinned for name, image in images.items()}})
    at.write(Kind.VERIFIED, {"passed": True})
    return {}
