"""How far up its stages a workload gets on this laptop: not every one has a cluster."""

from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.platforms import platform_of


def reachable_stages(workload: Workload) -> tuple[Workload, tuple[str, ...]]:
    """The workload up to the first stage that cannot be reached, and what keeps us from that; all of it where nothing does.

    Terminal where no stage below it serves: then there is nothing to see here.
    """
    for stage in workload.stages:
        if not isinstance(stage.target, ServingTarget):
            continue
        preflight_faults = platform_of(workload, stage.target).preflight_faults()
        if preflight_faults:
            below = workload.before(stage.name)
            faults = tuple(f"stage {stage.name}: {one}" for one in preflight_faults)
            if not any(isinstance(one.target, ServingTarget) for one in below):
                raise Terminal(f"no stage of {workload.name} can serve here: {'; '.join(faults)}")
            return workload.up_to(below[-1].name), faults
    return workload, ()
