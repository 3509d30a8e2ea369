"""Who is told that an approval is wanted, that somebody broke the glass, that codes are guessed, or that a stage was rolled back."""

from collections.abc import Iterable, Mapping, Sequence

from prefect import runtime

from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.approval.decision import Decision
from domain.approval.invalid_answer import InvalidAnswer
from domain.approval.notice import (
    Notice,
    approval_wanted,
    break_glass_used,
    codes_locked,
    rollback_unfinished,
    rolled_back,
)
from domain.approval.request import ApprovalRequest
from domain.declaration.gate import Gate
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release
from tasks.ledger.facts import read_facts, record
from tasks.notices import notify, run_link


def tell_wanted(ledger: Ledger, release: Release, gate: Gate, asked: Fact, facts: Sequence[Fact]) -> None:
    """Tell every group once that an approval request waits; the ledger says that it was done, and who could not be reached."""
    told = facts_of(facts, Kind.NOTIFIED, asked.stage)
    if any(fact.body.get("asked") == asked.digest for fact in told):
        return
    request = ApprovalRequest.model_validate(asked.body)
    notice = approval_wanted(
        release.workload,
        release.name,
        request.stage,
        gate.name,
        request.answer_by,
        run_link(request.run),
        release.digest,
    )
    _tell(ledger, release, gate, {"stage": request.stage, "asked": asked.digest}, notice)


def tell_broken_glass(ledger: Ledger, release: Release, gate: Gate, asked: Fact, decision: Decision) -> None:
    """Tell every group, loudly, that a release passes without quorum."""
    request, statement = ApprovalRequest.model_validate(asked.body), decision.statement
    notice = break_glass_used(
        release.workload,
        release.name,
        request.stage,
        gate.name,
        statement.approver,
        statement.comment,
        run_link(request.run),
        release.digest,
    )
    _tell(ledger, release, gate, {"stage": request.stage, "asked": asked.digest}, notice)


def tell_locked(ledger: Ledger, release: Release, gate: Gate, stage: str, facts: Sequence[Fact]) -> None:
    """Tell every group once of each authenticator that was locked at this gate: somebody may be guessing."""
    told = {fact.body.get("about") for fact in facts_of(facts, Kind.NOTIFIED, stage)}
    for fact in facts_of(facts, Kind.REFUSED, stage):
        if fact.body.get("locked_until") is None or fact.digest in told:
            continue
        invalid = InvalidAnswer.model_validate(fact.body)
        if invalid.locked_until is None:
            continue
        link = run_link(str(runtime.flow_run.id or ""))
        notice = codes_locked(release.workload, release.name, gate.name, invalid.approver, invalid.locked_until, link)
        _tell(ledger, release, gate, {"stage": stage, "about": fact.digest}, notice)


def tell_held(ledger: Ledger, workload: Workload, release: str, stage: str) -> None:
    """Tell once, loudly, that a stage was rolled back, or could not be; the groups of its gate, or of all gates below."""
    facts = read_facts(ledger, workload.name, release)
    held = next((fact for fact in reversed(facts_of(facts, Kind.HELD, stage))), None)
    if held is None or any(fact.body.get("about") == held.digest for fact in facts_of(facts, Kind.NOTIFIED, stage)):
        return
    declared = workload.stage(stage)
    gates = [one.gate for one in ((declared,) if declared.gate else workload.before(stage)) if one.gate is not None]
    back = any(fact.kind is Kind.ROLLED_BACK and fact.stage == stage for fact in facts)
    notice = (rolled_back if back else rollback_unfinished)(
        workload.name, release, stage, str(held.body.get("reason")), run_link(str(runtime.flow_run.id or ""))
    )
    channels, missed = _sent([group for gate in gates for group in gate.groups], notice)
    body = {
        "stage": stage, "about": held.digest, "subject": notice.subject, "channels": channels, "missed": missed,
    }  # fmt: skip
    record(ledger, workload.name, release, Kind.NOTIFIED, body)


def _tell(ledger: Ledger, release: Release, gate: Gate, about: Mapping[str, str], notice: Notice) -> None:
    """about: the stage, and the fact by which it is known that this was told."""
    channels, missed = _sent(gate.groups, notice)
    body = {**about, "gate": gate.name, "subject": notice.subject, "channels": channels, "missed": missed}
    record(ledger, release.workload, release.name, Kind.NOTIFIED, body)


def _sent(groups: Iterable[str], notice: Notice) -> tuple[list[str], dict[str, str]]:
    """Channels that were told, and those that could not be, with the reason."""
    named = dict.fromkeys(groups)
    channels = list(dict.fromkeys(one for group in named for one in loaded(Approvers, group).notify))
    return channels, notify(channels, notice)
