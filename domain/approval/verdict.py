"""Whether a stage's gate lets a release pass: over the facts, the stage as declared, and the approvers as enrolled now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision, proven_by
from domain.approval.quorum import missing_approvals
from domain.approval.request import ApprovalRequest, open_request
from domain.approval.statement import Choice, Statement
from domain.declaration.gate import Gate, ProofKind
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release

USED_TWICE = "its proof already proved another decision, and a code or token counts once"


class Verdict(StrEnum):
    """What the gate says."""

    OPEN = "open"
    REJECTED = "rejected"
    WAITING = "waiting"


@dataclass(frozen=True)
class GateVerdict:
    """The gate's word. counted: decisions that count. reasons: why it is not open, and why decisions did not count.

    closed: everybody has approved, and it waits for the calendar alone.
    """

    verdict: Verdict
    counted: tuple[Decision, ...]
    reasons: tuple[str, ...]
    closed: bool = False


def judge(
    stage: Stage, release: Release, facts: Sequence[Fact], approvers: EnrolledApprovers, now: datetime
) -> GateVerdict:
    """Every decision is checked anew: nothing that was found right before is taken on trust."""
    gate = stage.gate
    if gate is None:
        return GateVerdict(Verdict.OPEN, (), ())
    asked = open_request(release, stage, facts)
    counted: list[Decision] = []
    void: list[str] = []
    used: dict[str, set[str]] = {}
    for fact in facts_of(facts, Kind.DECIDED):
        decision = _read(fact)
        again = decision is not None and proved_another(decision, used)  # at whatever stage
        if fact.stage != stage.name:
            continue
        if decision is None:
            void.append(f"the decision in fact {fact.sequence} cannot be read")
        elif decision.statement.choice is Choice.REJECT:
            # a rejection stops the release whatever else may be wrong with it: deny wins
            why = f"{decision.statement.approver} rejected it at {gate.name}: {decision.statement.comment}"
            return GateVerdict(Verdict.REJECTED, (decision,), (why,))
        else:
            faults = _faults_of(decision, fact, asked, stage, gate, release, approvers, now)
            if again:
                faults = (*faults, USED_TWICE)
            if faults:
                void.append(f"the approval by {decision.statement.approver} is void: {'; '.join(faults)}")
            else:
                counted.append(decision)
    missing, closed = _missing(gate, counted, approvers, now)
    if missing or closed:
        reasons = (*void, *(f"at {gate.name} {what}" for what in (*missing, *closed)))
        return GateVerdict(Verdict.WAITING, tuple(counted), reasons, closed=not missing)
    return GateVerdict(Verdict.OPEN, tuple(counted), ())


def _faults_of(
    decision: Decision,
    fact: Fact,
    asked: Fact | None,
    stage: Stage,
    gate: Gate,
    release: Release,
    approvers: EnrolledApprovers,
    now: datetime,
) -> tuple[str, ...]:
    """Why an approval does not count by itself; nothing when it does. fact: that holds it; asked: the open request."""
    faults = [
        *_faults_of_subject(decision.statement, asked, stage, gate, release),
        *_faults_of_time(decision, fact, asked, now),
    ]
    faults += _faults_of_person(decision.statement, gate, release, approvers)
    faults += faults_of_kind(decision, gate)
    proven = proven_by(decision, approvers)
    return (*faults, proven) if isinstance(proven, str) else tuple(faults)


def proved_another(decision: Decision, used: dict[str, set[str]]) -> bool:
    """Whether its token or code proved another statement: who has one could put it beside any.

    used: token or code → statements of the decisions before, to which this one's is added.
    """
    once = decision.proof.once
    if not once:
        return False
    statements = used.setdefault(once, set())
    statements.add(decision.statement.digest)
    return len(statements) > 1


def _faults_of_subject(
    statement: Statement, asked: Fact | None, stage: Stage, gate: Gate, release: Release
) -> list[str]:
    """What it is about: a signature over another release or stage is worth nothing here."""
    faults: list[str] = []
    if (statement.workload, statement.release) != (release.workload, release.name):
        faults.append(f"it is about release {statement.release} of {statement.workload}")
    if statement.release_digest != release.digest:
        faults.append(f"it is about {statement.release_digest}, and this release is {release.digest}")
    if (statement.stage, statement.gate) != (stage.name, gate.name):
        faults.append(f"it was given at {statement.gate} of {statement.stage}")
    policy = stage.policy_digest if asked is None else ApprovalRequest.model_validate(asked.body).policy_digest
    if statement.policy_digest != policy:
        faults.append(f"stage {stage.name} has been declared differently since, or its target points elsewhere")
    return faults


def _faults_of_time(decision: Decision, fact: Fact, asked: Fact | None, now: datetime) -> list[str]:
    """When it was given, and to which request."""
    if asked is None:
        return ["nobody has asked for it, or the approval request was changed"]
    request, statement = ApprovalRequest.model_validate(asked.body), decision.statement
    faults: list[str] = []
    if statement.asked != asked.digest or fact.sequence <= asked.sequence:
        faults.append("it answers another approval request, or the ledger was changed before it")
    if (statement.report_digest, statement.expires_at) != (request.report_digest, request.expires_at):
        faults.append("it is about different evidence, or a different time")
    if not asked.at <= decision.decided_at <= fact.at:
        faults.append("it was given before the approval request, or after it was written down")
    if decision.decided_at > request.answer_by:
        faults.append("it came after the deadline")
    if now > request.expires_at:
        faults.append(f"it expired at {request.expires_at:%Y-%m-%d %H:%M} UTC")
    return faults


def why_expired(asked: Fact, verdict: GateVerdict, facts: Sequence[Fact]) -> str:
    """Why a release ends at a gate that did not open in time: nobody approved it, or that was not enough, or no longer is."""
    request = ApprovalRequest.model_validate(asked.body)
    if not any(fact.sequence > asked.sequence for fact in facts_of(facts, Kind.DECIDED, request.stage)):
        return f"nobody decided at {request.gate} before {request.answer_by:%Y-%m-%d %H:%M} UTC"
    return f"{request.gate} did not open in time: {'; '.join(verdict.reasons)}"


def why_not(
    statement: Statement,
    stage: Stage,
    release: Release,
    facts: Sequence[Fact],
    approvers: EnrolledApprovers,
    now: datetime,
) -> tuple[str, ...]:
    """Every reason why an answer cannot count, however it is proven; none when the proof decides."""
    gate = stage.gate
    if gate is None:
        return (f"stage {stage.name} has no gate, so nobody is asked there",)
    faults = _faults_of_person(statement, gate, release, approvers)
    if statement.choice is Choice.APPROVE:
        faults += [f"{why}; approve then" for why in gate.closures(now)]
        counted = judge(stage, release, facts, approvers, now).counted
        if any(one.statement.approver == statement.approver for one in counted):
            faults.append(f"{statement.approver} has already approved, and each approver counts once")
    return tuple(faults)


def _faults_of_person(statement: Statement, gate: Gate, release: Release, approvers: EnrolledApprovers) -> list[str]:
    """Whether the approver may."""
    faults: list[str] = []
    wanted = _groups_for(gate, statement.choice)
    if approvers.groups_of(statement.approver).isdisjoint(wanted):
        whose = " or ".join(wanted) if wanted else "any group that may break the glass here: none is declared"
        faults.append(f"{statement.approver} is not a member of {whose}")
    if statement.choice is not Choice.APPROVE and not statement.comment.strip():
        faults.append(f"{statement.choice} needs a comment that says why")
    if statement.choice is Choice.APPROVE:
        faults += _faults_of_separation(gate, statement.approver, release, approvers)
    return faults


def faults_of_kind(decision: Decision, gate: Gate) -> tuple[str, ...]:
    """Whether the gate takes what proves it."""
    kind = ProofKind(decision.proof.kind)
    if decision.statement.choice is Choice.REJECT or gate.takes(kind):
        return ()
    return (f"{gate.name} takes {gate.proofs_taken} as proof of an approval, not {kind.named}",)


def _groups_for(gate: Gate, choice: Choice) -> tuple[str, ...]:
    if choice is Choice.BREAK_GLASS:
        return (gate.break_glass.group,) if gate.break_glass is not None else ()
    return tuple(dict.fromkeys(rule.group for rule in gate.rules))


def _faults_of_separation(gate: Gate, approver: str, release: Release, approvers: EnrolledApprovers) -> list[str]:
    person = approvers.person(approver)
    if person is None:
        return []  # said already: no member of any group
    return [
        f"{approver} is the release's {role.replace('_', ' ')}, so somebody else must approve"
        for role in gate.not_by
        if any(person.is_called(name) for name in release.people(role))
    ]


def _missing(
    gate: Gate, counted: Sequence[Decision], approvers: EnrolledApprovers, now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the gate still waits for: of people, and of the calendar. Who breaks the glass waits for neither."""
    if any(decision.statement.choice is Choice.BREAK_GLASS for decision in counted):
        return (), ()
    counting = {one.statement.approver: approvers.groups_of(one.statement.approver) for one in counted}
    return tuple(missing_approvals(gate.rules, counting)), tuple(gate.closures(now))


def _read(fact: Fact) -> Decision | None:
    try:
        return Decision.model_validate(fact.body)
    except ValidationError:
        return None
