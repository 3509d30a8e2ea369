"""Candidates → registry → test → production, people asked on the way. (Seed 002.)"""

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.outcome import Outcome
from flows.beginning import AlreadyReleased, begin, changed_circuits_of
from flows.climbing import climb
from flows.declared import declared_workload
from flows.ending import Ending
from flows.fan_out import FAN_OUT


@flow(name="release", flow_run_name="release {workload}", task_runner=FAN_OUT)
def release(
    workload: str = "plants",
    changed_circuits: str | dict[str, Any] | None = None,
    requested_by: str = "schedule or event",
    until: str | None = None,
) -> "State[str]":
    """Release what training handed over, through every stage and gate of the workload, or until one stage has it.

    changed_circuits: the id of the build that handed them over, or the text or content of changed_circuits.json, of which Prefect
    takes 512 KiB, fewer than a thousand circuits; the newest kept one when left out. Run again with the same circuits it goes on
    where it stopped, or does nothing. until: the stage after which it waits to be run again. The run's state is how the release ends, with the reason.
    """
    declared = declared_workload(workload)
    here = declared.up_to(until)
    ledger = loaded(Ledger, "ledger")
    changed = changed_circuits_of(ledger, declared, changed_circuits)
    try:
        manifest = begin(ledger, changed, requested_by)
    except AlreadyReleased as done:
        return ended(Ending(Outcome.SUCCEEDED, str(done)))
    get_run_logger().info(
        "Release %s of %s, digest %s, %d circuits", manifest.name, workload, manifest.digest, len(manifest.units)
    )
    return ended(climb(ledger, here, manifest, here.stages, to_the_top=here.stages == declared.stages))


def ended(ending: Ending) -> "State[str]":
    """The outcome as the flow run's state, so that every view shows it: green only when nobody has to act."""
    state = Completed if ending.outcome.is_green else Failed
    return state(
        name=ending.outcome.value.capitalize(),
        message=ending.reason,
        data=ending.outcome.value if ending.outcome.is_green else None,
    )
