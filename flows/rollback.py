"""Back to the release before, in seconds: one circuit or all of them. (Seed 002, rollback procedure.)"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger

from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.declaration.target import ServingTarget
from domain.errors import Terminal
from domain.naming import artifact_key
from domain.release_name import release_order
from domain.rollout.rollback import Standing, rollback_faults, those_alone
from domain.rollout.switch import Journal, rolled_back_endpoints
from domain.unit import Unit
from flows.approval.notify import tell_held
from flows.fan_out.each import FAN_OUT
from flows.rollout.switch import finish_interrupted_switches, finish_rollback, write_journal
from flows.stage.ownership import must_be_own
from flows.stage.stage_run import ServingRun
from tasks.artifacts import show_table
from tasks.flow_run import short_run_id
from tasks.ledger.facts import readable_releases, release_names
from tasks.ledger.lease import stage_lease
from tasks.places import place_of
from tasks.platforms import platform_of
from tasks.run_names import run_name
from tasks.targets.platform import Platform
from tasks.targets.serving import standings_of
from tasks.workloads import declared_workload

LOOKED_AT = 50
"""Newest releases that are looked through for a rollback before."""


@flow(name="rollback", flow_run_name=run_name("rollback {workload} {stage}"), task_runner=FAN_OUT)
def rollback(
    workload: str = "plants",
    stage: str = "production",
    circuits: list[str] | None = None,
    reason: str = "",
    dry_run: bool = True,
    release: str | None = None,
) -> list[dict[str, Any]]:
    """Switch circuits to the deployment that served before, as `previous_deployment` says, and read every default back.

    circuits: "PLANT/CIRCUIT" names; the whole fleet when left out. release: only those that this release serves now.
    dry_run: show the plan and change nothing, the default. All are rolled back or none: where one has nothing to
    roll back to it is refused, with every reason. The releases that served until then are held, so that nothing pushes them again.
    A second run changes nothing: what a rollback put there is rolled back only where `release` names it.
    """
    logger = get_run_logger()
    declared = declared_workload(workload)
    target = declared.stage(stage).target
    if not isinstance(target, ServingTarget):
        raise Terminal(f"stage {stage} serves nothing that could be rolled back; its target is {target.kind}")
    platform, ledger = platform_of(declared, target), loaded(Ledger, "ledger")
    units = declared.chosen_units(circuits)
    must_be_own(ledger, declared, units, [declared.stage(stage)])
    if dry_run:
        rows, _ = planned(ledger, platform, workload, stage, units, release)
        if rows:
            logger.info("This was the plan; run it with dry_run=False to do it.")
        return rows
    holder = f"rollback-{short_run_id()}"
    with stage_lease(ledger, workload, stage, holder) as held:
        at = ServingRun(ledger, workload, holder, stage, held, platform, place_of(declared, declared.stage(stage)))
        there = finish_interrupted_switches(at)
        units = tuple(unit for unit in units if platform.endpoint(unit) not in there)
        if not units:
            held.announce(())
            logger.info("An earlier run had begun this rollback; every circuit is rolled back now.")
            return []
        rows, standings = planned(ledger, platform, workload, stage, units, release)
        if not standings:
            held.announce(())
            return []
        gate = declared.stage(stage).gate
        shared = Journal(
            stage=stage,
            fence=held.fence,
            back=True,
            hold=True,
            place=at.place,
            reason=reason or "rolled back by hand",
            passed_over=gate.closures(datetime.now(UTC)) if gate is not None else (),
        )
        left = rollback_journals(ledger, workload, standings, holder, shared)
        held.announce(tuple(dict.fromkeys((*held.left, *left))))
        for name, journal in left.items():
            write_journal(at.about(name), journal)
        for name, journal in left.items():
            finish_rollback(at.about(name), journal)
            tell_held(ledger, declared, name, stage)
        held.announce(())
    logger.info("%d circuits serve what they served before; every default was read back.", len(standings))
    return rows


def planned(
    ledger: Ledger, platform: Platform, workload: str, stage: str, units: Sequence[Unit], release: str | None
) -> tuple[list[dict[str, Any]], list[Standing]]:
    """What is rolled back, shown; nothing where all is back. Terminal, with every reason, where something has nothing to roll back to."""
    standings = [one for one in standings_of(platform, units) if release is None or one.release == release]
    if release is not None and not standings:
        raise Terminal(
            f"release {release} serves none of these circuits at {stage}; `signalbox status --workload {workload}` shows what does"
        )
    back: dict[str, str] = {}
    if release is None:
        back = _back_already(ledger, workload, stage, standings)
        stay = Counter((one.release, back[one.endpoint]) for one in standings if one.endpoint in back)
        for (serving, taken), circuits in stay.items():
            get_run_logger().info(
                "%d circuits serve release %s since release %s was rolled back, and are left as they are. To roll back further, name that release: "
                "--release %s", circuits, serving, taken, serving,
            )  # fmt: skip
        standings = [one for one in standings if one.endpoint not in back]
        if back and not standings:
            return [], []
    faults = rollback_faults(standings)
    rows = show(faults, standings, workload, stage)
    if faults:
        alone = those_alone(standings, workload, stage) if release is None and not back else ""
        raise Terminal("nothing was rolled back:\n  " + "\n  ".join([*faults, *([alone] if alone else [])]))
    return rows, standings


def _back_already(ledger: Ledger, workload: str, stage: str, standings: Sequence[Standing]) -> dict[str, str]:
    """Endpoint → the release that was rolled back from it, where what serves is there for that. Never a rollback of a rollback."""
    serving = {one.endpoint: one for one in standings if one.release is not None}
    found: dict[str, str] = {}
    for name, facts in readable_releases(ledger, workload, LOOKED_AT):
        older = {at for at, one in serving.items() if release_order(one.release or "") < release_order(name)}
        if not older:
            break
        back = rolled_back_endpoints(facts, stage)
        found |= {at: name for at in older & back.keys() if back[at] == serving[at].current}
    return found


def show(faults: Sequence[str], standings: Sequence[Standing], workload: str, stage: str) -> list[dict[str, Any]]:
    """A table artifact and log lines: from what to what."""
    rows: list[dict[str, Any]] = [
        {"circuit": str(one.unit), "endpoint": one.endpoint, "from": one.current, "to": one.previous}
        for one in standings
    ]
    show_table(rows, key=artifact_key(workload, "rollback"), description=f"Rollback of {workload} at {stage}")
    for row in rows:
        get_run_logger().info("%s: %s → %s (%s)", row["circuit"], row["from"], row["to"], row["endpoint"])
    for fault in faults:
        get_run_logger().error(fault)
    return rows


def rollback_journals(
    ledger: Ledger, workload: str, standings: Sequence[Standing], holder: str, shared: Journal
) -> dict[str, Journal]:
    """Release → the rollback of its circuits. What was deployed by hand, so that no ledger speaks of it, gets one of its own.

    shared: what is the same for all.
    """
    known = set(release_names(ledger, workload))
    left: dict[str, Journal] = {}
    for one in standings:
        release = one.release if one.release in known else holder
        so_far = left.get(release, shared)
        left[release] = so_far.model_copy(
            update={
                "before": {**so_far.before, one.endpoint: one.current},
                "after": {**so_far.after, one.endpoint: one.previous},
            }
        )
    return left
