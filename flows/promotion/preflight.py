"""Before a release starts: every block and cluster that its stages name is there."""

from collections.abc import Sequence

from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.places import faults_of_places
from tasks.preflight import preflight_faults


def check_blocks(workload: Workload, stages: Sequence[Stage]) -> None:
    """Every block and cluster that the stages name, before anything is touched; one error lists all that is missing or wrong."""
    faults = [fault for stage in stages for fault in preflight_faults(workload, stage)]
    faults += faults_of_places(workload.stages)
    if faults:
        raise Terminal("the release cannot start:\n  " + "\n  ".join(faults))
