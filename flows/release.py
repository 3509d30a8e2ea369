"""Candidates → registry → test → production, people asked on the way. (Seed 002.)"""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.outcome import ReleaseOutcome
from domain.text import listed_reasons
from flows.fan_out.each import FAN_OUT, map_split
from flows.promotion.advance import advance
from flows.promotion.changed_circuits import changed_circuits_of
from flows.promotion.final_state import final_state
from flows.promotion.start import start
from tasks.places import placed
from tasks.run_names import rename_run, run_name
from tasks.training.training_record import check_training
from tasks.workloads import declared_workload


@flow(name="release", flow_run_name=run_name("release {workload}"), task_runner=FAN_OUT)
def release(
    workload: str = "plants",
    changed_circuits: str | None = None,
    requested_by: str = "schedule or event",
    until: str | None = None,
    older: bool = False,
) -> "State[str]":
    """Release what training handed over, through every stage and gate of the workload, or up to one stage.

    changed_circuits: the id of the build that handed them over; the newest when left out. What it says of them is compared with what
    Azure has. Run again with the same models it goes on where it stopped, or does nothing. until: the stage after which it waits to
    be run again. older: also models of older data than those that serve. The run's state says how the release ended, and why.
    """
    declared = placed(declared_workload(workload))
    here = declared.up_to(until)
    ledger = loaded(Ledger, "ledger")
    changed = changed_circuits_of(ledger, declared, changed_circuits)
    manifest = start(
        ledger,
        declared,
        changed,
        requested_by,
        here.stages,
        older,
        check=lambda: _must_be_as_trained(declared, changed),
    )
    if isinstance(manifest, ReleaseOutcome):
        return final_state(manifest)
    rename_run(f"release {workload} {manifest.name}")
    get_run_logger().info(
        "Release %s of %s, digest %s, %d circuits", manifest.name, workload, manifest.digest, len(manifest.units)
    )
    return final_state(advance(ledger, here, manifest, here.stages, final=here.stages == declared.stages))


def _must_be_as_trained(workload: Workload, changed: ChangedCircuits) -> None:
    """Terminal unless everything that approvers will read is what Azure has of it."""
    dev = loaded(Workspace, "dev")
    calls = {str(circuit.unit): (dev, workload, circuit) for circuit in changed.circuits}
    _, failures = map_split(check_training, calls, "compare with training")
    if failures:
        raise Terminal(f"what was handed over is not what was trained: {listed_reasons(failures)}")
