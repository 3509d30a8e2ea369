"""A stage's gate, from the approval request to the last approval that it needs. Holds nothing: every round reads the ledger anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import get_run_logger, runtime
from pydantic import ValidationError

from blocks.ledger import Ledger
from domain.approval.awaited import awaited
from domain.approval.decision import Decision
from domain.approval.invalid_answer import InvalidAnswer
from domain.approval.proofs.single_use import OneTime, one_time
from domain.approval.request import ApprovalRequest, open_request, statement_of
from domain.approval.statement import Choice
from domain.approval.verdict import GateVerdict, Verdict, faults_of_kind, judge, why_expired, why_not
from domain.canonical_json import canonical_json, digest_of
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.errors import SignalboxError
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
from domain.release.manifest import Release
from flows.approval.evidence import Evidence, gather, keep_report
from flows.approval.form import Answer, UnreadableAnswer, ask
from flows.approval.notify import tell_broken_glass, tell_locked, tell_wanted
from flows.approval.pending import request_key
from tasks.approval.approvers import approvers_of, poll_seconds_of
from tasks.approval.used_proofs import is_first_sight
from tasks.approval.verify_proof import InvalidProof, verify_proof
from tasks.ledger.facts import read_facts, record
from tasks.ledger.pointers import keep_asked
from tasks.reports.approval_form import gate_evidence, plain

NOT_ACCEPTED = "**Not accepted:**"
"""How a form begins whose last answer did not count."""
SEEN_BEFORE = (
    "this code or token came with an answer before, and it counts once, accepted or not; wait for the next code (every 30 seconds), or sign "
    "in again"
)
MAX_INVALID_ANSWERS = 100
"""Of one gate, because each is a fact that everybody reads from then on."""


@dataclass(frozen=True)
class GateRun:
    """One gate of one release."""

    ledger: Ledger
    workload: Workload
    release: Release
    stage: Stage
    gate: Gate

    def facts(self) -> tuple[Fact, ...]:
        """Of the release, as they are now."""
        return read_facts(self.ledger, self.release.workload, self.release.name)

    def write(self, kind: Kind, body: dict[str, object]) -> Fact:
        """Append a fact."""
        return record(self.ledger, self.release.workload, self.release.name, kind, body)


def decide(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> ReleaseOutcome | None:
    """Ask at the stage's gate until it opens; the end of the release when it is rejected or nobody answers in time."""
    if stage.gate is None:
        return None
    at = GateRun(ledger, workload, release, stage, stage.gate)
    evidence: Evidence | None = None
    while True:
        facts = at.facts()
        tell_locked(ledger, release, at.gate, stage.name, facts)
        approvers = approvers_of(at.gate, facts)
        verdict = judge(stage, release, facts, approvers, datetime.now(UTC))
        if verdict.verdict is Verdict.OPEN:
            return None
        if verdict.verdict is Verdict.REJECTED:
            return ReleaseOutcome(Outcome.REJECTED, "; ".join(verdict.reasons))
        if len(facts_of(facts, Kind.REFUSED, stage.name)) >= MAX_INVALID_ANSWERS:
            why = (
                f"{MAX_INVALID_ANSWERS} answers at {at.gate.name} did not count, and the gate takes no more: check who can reach the Prefect "
                "server, then start the release again"
            )
            return ReleaseOutcome(Outcome.ABORTED, why)
        evidence = evidence or gather(ledger, workload, release, stage)
        asked = open_request(release, stage, facts)
        if asked is None:
            _open_request(at, evidence, facts)
            continue  # judged anew: another run of this release may have had an answer meanwhile
        request = ApprovalRequest.model_validate(asked.body)
        tell_wanted(ledger, release, at.gate, asked, facts)
        seconds = int((request.answer_by - datetime.now(UTC)).total_seconds())
        attempt = _attempt(facts, stage, asked)
        answer = (
            ask(
                _form(at, evidence, verdict, facts),
                awaited(release, stage, verdict.counted, approvers, request.answer_by, datetime.now(UTC)),
                key=request_key(asked, attempt),
                seconds=seconds,
                poll_seconds=poll_seconds_of(at.gate),
                break_glass=at.gate.break_glass is not None,
            )
            if seconds > 0
            else None
        )
        if answer is None:
            facts = at.facts()
            now = judge(stage, release, facts, approvers_of(at.gate, facts), datetime.now(UTC))
            if now.verdict is not Verdict.WAITING:
                continue  # another run of this release had an answer in time
            if now.closed and at.gate.opens_at(datetime.now(UTC)) is not None:
                return None  # it is approved, and closed for now: that is waited for without a form
            return ReleaseOutcome(Outcome.EXPIRED, why_expired(asked, now, facts))
        _take(at, asked, answer)


def _open_request(at: GateRun, evidence: Evidence, facts: Sequence[Fact]) -> None:
    """Keep the evidence and ask."""
    digest = keep_report(at.ledger, at.workload, at.release, at.stage, at.gate, evidence, facts)
    run = str(runtime.flow_run.id or "")
    asked = at.write(
        Kind.ASKED, ApprovalRequest.of(at.release, at.stage, digest, datetime.now(UTC), run).model_dump(mode="json")
    )
    keep_asked(at.ledger, asked)


def _attempt(facts: Sequence[Fact], stage: Stage, asked: Fact) -> int:
    """Which answer to this request is awaited: one more than those that were taken or refused."""
    answered = (*facts_of(facts, Kind.DECIDED, stage.name), *facts_of(facts, Kind.REFUSED, stage.name))
    return 1 + sum(fact.sequence > asked.sequence for fact in answered)


def _form(at: GateRun, evidence: Evidence, verdict: GateVerdict, facts: Sequence[Fact]) -> str:
    shown = gate_evidence(
        at.release,
        at.stage,
        at.gate,
        at.workload.evaluation,
        evidence.champions,
        facts,
        verdict.reasons,
        evidence.held,
    )
    refused = facts_of(facts, Kind.REFUSED, at.stage.name)
    taken = facts_of(facts, Kind.DECIDED, at.stage.name)
    if refused and (not taken or refused[-1].sequence > taken[-1].sequence):
        return f"{NOT_ACCEPTED} {plain('; '.join(refused[-1].body['reasons']))}\n\n{shown}"
    return shown


def _take(at: GateRun, asked: Fact, answer: Answer | UnreadableAnswer) -> None:
    """Write an answer down: as a decision when it counts, as a refusal with its reasons when it does not.

    What proves once is used up first: whoever reads it on the server could put it into another answer.
    """
    fresh = _use_up(at, asked, answer)
    outcome = (
        _weigh(at, asked, answer, fresh) if isinstance(answer, Answer) else InvalidProof("; ".join(answer.reasons))
    )
    logger = get_run_logger()
    if isinstance(outcome, Decision):
        at.write(Kind.DECIDED, outcome.model_dump(mode="json"))
        logger.info("%s: %s by %s", at.gate.name, outcome.statement.choice, outcome.statement.approver)
        if outcome.statement.choice is Choice.BREAK_GLASS:
            tell_broken_glass(at.ledger, at.release, at.gate, asked, outcome)
        return
    approver = answer.approver[:200] if isinstance(answer, Answer) else ""
    invalid = InvalidAnswer(
        stage=at.stage.name,
        gate=at.gate.name,
        approver=approver,
        reasons=(outcome.reason,),
        wrong_code=outcome.wrong_code,
        locked_until=outcome.locked_until,
    )
    at.write(Kind.REFUSED, invalid.model_dump(mode="json", exclude_none=True))
    logger.warning("%s does not accept an answer: %s", at.gate.name, outcome.reason)


def _use_up(at: GateRun, asked: Fact, answer: Answer | UnreadableAnswer) -> frozenset[OneTime]:
    """The codes and tokens that no other answer came with."""
    digest, now = digest_of(canonical_json({"asked": asked.digest, "typed": answer.typed})), datetime.now(UTC)
    found = dict.fromkeys(one for text in answer.typed for one in one_time(text))
    return frozenset(one for one in found if is_first_sight(at.ledger, one, digest, now))


def _weigh(at: GateRun, asked: Fact, answer: Answer, fresh: frozenset[OneTime]) -> Decision | InvalidProof:
    """What speaks against an answer without its proof comes first. fresh: what proves once, and came with no other answer."""
    facts, now = at.facts(), datetime.now(UTC)
    try:
        statement = statement_of(asked, answer.choice, answer.approver, answer.comment)
    except ValidationError as error:
        return InvalidProof("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()))
    try:
        approvers = approvers_of(at.gate, facts)
        reasons = why_not(statement, at.stage, at.release, facts, approvers, now)
        if reasons:
            return InvalidProof("; ".join(reasons))
        if now < asked.at:
            return InvalidProof(
                f"this machine's clock says {now:%Y-%m-%d %H:%M:%S} UTC, before the approval request of {asked.at:%H:%M:%S}: set it right"
            )
        outcome = verify_proof(at.ledger, statement, answer.proof, approvers, now)
        if not isinstance(outcome, Decision):
            return outcome
        if outcome.proof.once and not fresh.issuperset(one_time(answer.proof)):
            return InvalidProof(SEEN_BEFORE)
        return InvalidProof("; ".join(reasons)) if (reasons := faults_of_kind(outcome, at.gate)) else outcome
    except (SignalboxError, ValueError) as error:
        return InvalidProof(f"it could not be checked: {error}")
