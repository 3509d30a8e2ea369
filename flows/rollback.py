"""Back to the release before, in seconds: one circuit or all of them. (Seed 002, rollback procedure.)"""

from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.fact import Kind
from domain.rollback import RollbackPlan, Standing, plan_rollback
from domain.stage import BatchEndpointTarget
from domain.unit import Unit
from flows.declared import declared_workload
from flows.fan_out import FAN_OUT, gathered
from tasks.batch_endpoints import switch
from tasks.lease import stage_lease
from tasks.ledger import read_facts, record
from tasks.run import short_run_id
from tasks.serving import standing_of


@flow(name="rollback", flow_run_name="rollback {workload} {stage} dry_run={dry_run}", task_runner=FAN_OUT)
def rollback(
    workload: str = "plants",
    stage: str = "production",
    circuits: list[str] | None = None,
    reason: str = "",
    dry_run: bool = True,
) -> list[dict[str, Any]]:
    """Switch circuits to the deployment that served before, as `previous_deployment` says, and read every default back.

    circuits: "PLANT/CIRCUIT" names; the whole fleet when left out. dry_run: show the plan and change nothing, the default.
    All go back or none: it is refused, with every reason, where there is nothing to go back to. The releases that are left
    are held, so that nothing pushes them again.
    """
    logger = get_run_logger()
    declared = declared_workload(workload)
    target = declared.stage(stage).target
    if not isinstance(target, BatchEndpointTarget):
        raise Terminal(f"stage {stage} serves nothing that could be rolled back; its target is {target.kind}")
    workspace, ledger = loaded(Workspace, target.workspace), loaded(Ledger, "ledger")
    units = declared.chosen_units(circuits)
    standings = {unit: standing_of(workspace, unit) for unit in units}
    plan = plan_rollback(list(standings.values()))
    rows = show(plan, standings, workload, stage)
    if not plan.allowed:
        raise Terminal("nothing was rolled back:\n  " + "\n  ".join(plan.refusals))
    if dry_run:
        logger.info("This was the plan; run it with dry_run=False to do it.")
        return rows
    with stage_lease(ledger, workload, stage, f"rollback-{short_run_id()}"):
        futures = {one.endpoint: switch.submit(workspace, one.endpoint, one.after) for one in plan.switches}
        _, failures = gathered(futures)
        done = {unit: standing for unit, standing in standings.items() if standing.endpoint not in failures}
        gate = declared.stage(stage).gate
        passed_over = list(gate.closures(datetime.now(UTC))) if gate is not None else []
        note(ledger, workload, stage, done, reason, passed_over)
    if failures:
        raise Terminal("these endpoints did not go back; run it again: " + "; ".join(failures.values()))
    logger.info("%d circuits serve what they served before; every default was read back.", len(plan.switches))
    return rows


def show(plan: RollbackPlan, standings: dict[Unit, Standing], workload: str, stage: str) -> list[dict[str, Any]]:
    """A table artifact and log lines: from what to what."""
    rows: list[dict[str, Any]] = [
        {"circuit": str(unit), "endpoint": standing.endpoint, "from": standing.current, "to": standing.previous}
        for unit, standing in standings.items()
    ]
    create_table_artifact(rows, key=f"{workload}-rollback", description=f"Rollback of {workload} at {stage}")
    for row in rows:
        get_run_logger().info("%s: %s → %s (%s)", row["circuit"], row["from"], row["to"], row["endpoint"])
    for refusal in plan.refusals:
        get_run_logger().error(refusal)
    return rows


def note(
    ledger: Ledger, workload: str, stage: str, standings: dict[Unit, Standing], reason: str, passed_over: list[str]
) -> None:
    """Write into the ledger of each release that was left: who went back, and that it is held.

    passed_over: freezes and windows, from which a way back is exempt.
    """
    left: dict[str, list[str]] = {}
    for unit, standing in standings.items():
        if standing.release:
            left.setdefault(standing.release, []).append(str(unit))
    for release, names in left.items():
        if not read_facts(ledger, workload, release):
            continue  # deployed by hand: no ledger of ours speaks of it
        why = reason or "rolled back by hand"
        body = {"stage": stage, "units": sorted(names), "reason": why, "passed_over": passed_over}
        record(ledger, workload, release, Kind.ROLLED_BACK, body)
        record(ledger, workload, release, Kind.HELD, {"stage": stage, "reason": why})
