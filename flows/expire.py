"""What has outlived its time: gates that nobody answered, and what was deployed for a while. Nothing waits, so somebody must look."""

from datetime import UTC, datetime
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.states import Failed

from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.approval.request import ApprovalRequest, open_request
from domain.approval.verdict import Verdict, judge, why_expired
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.outcome import Outcome, ReleaseOutcome
from domain.promotion.next_step import passed
from domain.release.manifest import Release, requested_release
from domain.release.outcome import shown_ending
from domain.rollout.switch import is_part_switched, open_journal
from flows.fan_out.error_list import ErrorList
from flows.promotion.advance import record_outcome
from flows.rollout.expire_stage import expire_stage
from tasks.approval.approvers import approvers_of
from tasks.ledger.facts import read_facts, release_names
from tasks.run_names import run_name
from tasks.workloads import declared_workload, known_workloads

LOOKED_AT = 50
"""Newest releases of each workload; a gate waits at most 30 days."""


@flow(name="expire", flow_run_name=run_name("expire"))
def expire(dry_run: bool = True) -> list[str]:
    """Close gates that nobody answered; announce, then delete what has outlived its time to live. Returns in words what was done.

    A gate's release ends EXPIRED, in the ledger and on its run's page. dry_run: say what would be done, and change nothing.
    A failure does not stop the rest: Terminal only after everything was tried, with all that could not be done.
    """
    ledger, errors, workloads = loaded(Ledger, "ledger"), ErrorList(), list[Workload]()
    for name in known_workloads():
        with errors.collecting(name):
            workloads.append(declared_workload(name))
    for workload in workloads:  # the gates first: no channel that is slow keeps them waiting
        _close_gates(errors, ledger, workload, dry_run)
    for workload in workloads:
        for stage in workload.stages:
            expire_stage(errors, ledger, workload, stage, datetime.now(UTC), dry_run)
    said = ("; ".join(errors.done) or "nothing has outlived its time") + (" (a dry run)" if dry_run else "")
    get_run_logger().info("%s", said)
    if errors.undone:
        listed = "\n  ".join(errors.undone)
        raise Terminal(f"{said}. These could not be done; the next run tries them again:\n  {listed}")
    return errors.done


def _close_gates(errors: ErrorList, ledger: Ledger, workload: Workload, dry_run: bool) -> None:
    names = list[str]()
    with errors.collecting(f"releases of {workload.name}"):
        names += release_names(ledger, workload.name)[:LOOKED_AT]
    for name in names:
        with errors.collecting(f"release {name} of {workload.name}"):
            facts = read_facts(ledger, workload.name, name)
            if not facts or shown_ending(facts) is not None:
                continue
            if _closed(ledger, workload, requested_release(facts), facts, dry_run):
                errors.done.append(f"{'would close' if dry_run else 'closed'} the gate of {workload.name} {name}")


def _closed(ledger: Ledger, workload: Workload, release: Release, facts: tuple[Fact, ...], dry_run: bool) -> bool:
    """Whether the release waited too long at a stage that it has not passed; then it is ended for it."""
    now = datetime.now(UTC)
    for stage in workload.stages:
        asked = open_request(release, stage, facts)
        if stage.gate is None or asked is None or passed(facts, stage):
            continue
        request = ApprovalRequest.model_validate(asked.body)
        verdict = judge(stage, release, facts, approvers_of(stage.gate, facts), now)
        if now <= request.answer_by or verdict.verdict is Verdict.OPEN or verdict.closed:
            continue
        if open_journal(facts, stage.name) is not None or is_part_switched(facts, stage.name):
            continue  # whoever carries the release ends it, and undoes what it has switched
        if dry_run:
            return True
        reason = why_expired(asked, verdict, facts)
        record_outcome(ledger, release, ReleaseOutcome(Outcome.EXPIRED, reason), stage)
        _show(request.run, reason)
        return True
    return False


def _show(run: str, reason: str) -> None:
    """Say it on the page of the run that waited, unless it goes on or has ended otherwise."""
    if not run:
        return
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(run)).state
        except ObjectNotFound:
            return
        if state is not None and (state.is_paused() or state.is_failed()):
            client.set_flow_run_state(UUID(run), Failed(name="Expired", message=reason), force=True)
