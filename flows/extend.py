"""A person extends the time to live of a stage's deployments. (Seed 001, "Delete-After-24Hours".)"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from prefect import flow, get_run_logger

from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.declaration.target import HOURS_TO_LIVE
from domain.errors import Terminal
from domain.rollout.expiry import EXPIRES_AT, prolonged
from tasks.flow_run import short_run_id
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.platforms import container_groups_of
from tasks.run_names import run_name
from tasks.targets.container_instance.target import ContainerGroups
from tasks.workloads import declared_workload

LONGEST_HOURS = 24 * 90.0


@flow(name="extend", flow_run_name=run_name("extend {workload} {stage} by {hours} h"))
def extend(stage: str, workload: str, circuits: list[str] | None = None, hours: float = HOURS_TO_LIVE) -> list[str]:
    """Extend the time to live of a stage's deployments to this many hours from now; an announced deletion is called off.

    Of all circuits when none is named. A time to live is never shortened. Returns in words until when each lives. Terminal where
    nothing there has a time to live.
    """
    if not 0 < hours <= LONGEST_HOURS:
        raise Terminal(f"{hours:g} hours is not possible; give more than 0 and at most {LONGEST_HOURS:g}")
    declared = declared_workload(workload)
    target = declared.stage(stage).target
    platform = container_groups_of(declared, target)
    if platform is None:
        raise Terminal(f"what serves at stage {stage} has no time to live; its target is {target.kind}")
    endpoints = [platform.endpoint(unit) for unit in declared.chosen_units(circuits)]
    with stage_lease(loaded(Ledger, "ledger"), workload, stage, f"extend-{short_run_id()}") as held:
        there = {name: tags for name, tags in platform.lifetimes().items() if name in endpoints and EXPIRES_AT in tags}
        if not there:
            raise Terminal(
                f"none of {', '.join(endpoints)} has a time to live there; `signalbox status --workload {workload}` shows what serves"
            )
        until = datetime.now(UTC) + timedelta(hours=hours)
        return [_prolong(held, platform, endpoint, tags, until) for endpoint, tags in there.items()]


def _prolong(
    held: HeldStage, platform: ContainerGroups, endpoint: str, tags: Mapping[str, str], until: datetime
) -> str:
    """In words, how long it lives now."""
    new = prolonged(tags, until)
    said = f"{endpoint} lives until {new[EXPIRES_AT]}"
    if new[EXPIRES_AT] == tags[EXPIRES_AT]:
        said += " already, so nothing was changed: a time to live is never shortened"
    else:
        platform.retag(held, endpoint, new)
    get_run_logger().info(said)
    return said
