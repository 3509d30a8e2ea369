"""Who is told that an approval is wanted, or that somebody broke the glass."""

from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.ask import Ask
from domain.decision import Decision
from domain.fact import Fact, Kind, facts_of
from domain.gate import Gate
from domain.notice import Notice, approval_wanted, break_glass_used
from domain.release import Release
from tasks.ledger import read_facts, record
from tasks.notices import notify, run_link


def tell_wanted(ledger: Ledger, release: Release, gate: Gate, asked: Fact) -> None:
    """Tell every group once that a question waits; the ledger says that it was done, and who could not be reached."""
    told = facts_of(read_facts(ledger, release.workload, release.name), Kind.NOTIFIED, asked.stage)
    if any(fact.body.get("asked") == asked.digest for fact in told):
        return
    ask = Ask.model_validate(asked.body)
    notice = approval_wanted(
        release.workload, release.name, ask.stage, gate.name, ask.answer_by, run_link(ask.run), release.digest
    )
    _tell(ledger, release, gate, ask.stage, asked, notice)


def tell_broken_glass(ledger: Ledger, release: Release, gate: Gate, asked: Fact, decision: Decision) -> None:
    """Tell every group, loudly, that a release passes without quorum."""
    ask, statement = Ask.model_validate(asked.body), decision.statement
    notice = break_glass_used(
        release.workload,
        release.name,
        ask.stage,
        gate.name,
        statement.approver,
        statement.comment,
        run_link(ask.run),
        release.digest,
    )
    _tell(ledger, release, gate, ask.stage, asked, notice)


def _tell(ledger: Ledger, release: Release, gate: Gate, stage: str, asked: Fact, notice: Notice) -> None:
    channels = list(dict.fromkeys(one for group in gate.groups for one in loaded(Approvers, group).notify))
    missed = notify(channels, notice)
    body = {
        "stage": stage, "gate": gate.name, "asked": asked.digest, "subject": notice.subject,
        "channels": channels, "missed": missed,
    }  # fmt: skip
    record(ledger, release.workload, release.name, Kind.NOTIFIED, body)
