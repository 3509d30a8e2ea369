"""Who decided what about a release, when, why and how it was proven; and every fault of the ledger's integrity."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision, proven_by
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.entra_token import EntraProof, TenantKeys
from domain.approval.request import ApprovalRequest, read_request
from domain.approval.verdict import USED_TWICE, Verdict, judge, proved_another
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind, chain_faults, facts_of
from domain.ledger.trust import Trust
from domain.release.manifest import Release

UNSIGNED = "nobody (not signed)"
DONE = {Kind.PROMOTED: "promoted", Kind.SWITCHED: "switched"}
"""What no stage with a gate does without an approval."""


@dataclass(frozen=True)
class Entry:
    """One decision. fault: why it is not proven, or ""; remark: what became of its credential since."""

    sequence: int
    at: datetime
    stage: str
    choice: str
    approver: str
    comment: str
    proof: str
    remark: str
    fault: str


@dataclass(frozen=True)
class Audit:
    """All decisions in order, how many answers were refused, and every fault; none when the release holds together.

    writers: who wrote how many facts, by their signatures.
    """

    entries: tuple[Entry, ...]
    refused: int
    faults: tuple[str, ...]
    writers: Mapping[str, int]


def audit(
    facts: Sequence[Fact], approvers: EnrolledApprovers, gated: Collection[str] = (), trust: Trust | None = None
) -> Audit:
    """Check a whole release by its facts alone, and by the public halves of its approvers' and writers' keys.

    gated: stages that have a gate as they are declared now; nothing may pass them without an approval request. trust: whose facts
    count; where it is left out, the facts' own signatures are not looked at.
    """
    known = EnrolledApprovers(approvers.groups, approvers.people, _keys(facts, approvers.tenant_keys))
    entries = tuple(_entry(fact, known, approvers.tenant_keys) for fact in facts_of(facts, Kind.DECIDED))
    faults = [
        *chain_faults(facts),
        *(trust.faults_of(facts) if trust is not None else ()),
        *_faults_of_manifest(facts),
        *(f"fact {one.sequence} (decided): {one.fault}" for one in entries if one.fault),
        *_faults_of_reuse(facts),
        *_faults_of_passing(facts, known, gated),
    ]
    writers = Counter(_writer(fact, trust) for fact in facts)
    return Audit(entries, len(facts_of(facts, Kind.REFUSED)), tuple(faults), dict(writers))


def _writer(fact: Fact, trust: Trust | None) -> str:
    if fact.signature is None:
        return UNSIGNED
    writer = trust.writer_of(fact.signature) if trust is not None else None
    return f"key {fact.signature.key}" if writer is None else writer.name


def _faults_of_manifest(facts: Sequence[Fact]) -> list[str]:
    request = _request(facts)
    if request is None or request.sequence:
        return ["the release does not begin with its request: fact 0 is missing"]
    release = _release(request)
    if release is None:
        return ["fact 0 (requested): the manifest cannot be read"]
    if release.digest != request.body.get("digest"):
        return [
            f"fact 0 (requested): the manifest has digest {release.digest}, but a different one is recorded beside it"
        ]
    if (release.workload, release.name) != (request.workload, request.release):
        return [f"fact 0 (requested): the manifest is for release {release.name} of {release.workload}"]
    return []


def _entry(fact: Fact, approvers: EnrolledApprovers, published: TenantKeys) -> Entry:
    try:
        decision = Decision.model_validate(fact.body)
    except ValidationError as error:
        nothing = f"cannot be read ({error.error_count()} faults)"
        return Entry(fact.sequence, fact.at, fact.stage or "", "", "", "", "", "", nothing)
    statement = decision.statement
    proven = proven_by(decision, then(approvers, decision.decided_at))
    remark, fault = "", proven if isinstance(proven, str) else ""
    if not isinstance(proven, str):
        revoked_at = _revoked_at(approvers, statement.approver, proven.id)
        if revoked_at is not None:
            remark = f"its credential has since been revoked, at {revoked_at:%Y-%m-%d %H:%M} UTC"
        if (statement.workload, statement.release) != (fact.workload, fact.release):
            fault = f"is about release {statement.release} of {statement.workload}: replayed from there"
    proof = decision.proof
    if isinstance(proof, EntraProof) and str(proof.key.get("kid")) not in published.get(proof.tenant_id, {}):
        remark = "; ".join(
            [
                *([remark] if remark else []),
                "checked with the key kept with it, because the tenant's own key was not available",
            ]
        )
    how = decision.proof.kind.replace("_", " ") + (f" {proven.id}" if not isinstance(proven, str) else "")
    return Entry(
        fact.sequence,
        decision.decided_at,
        statement.stage,
        statement.choice.value,
        statement.approver,
        statement.comment,
        how,
        remark,
        fault,
    )


def _faults_of_reuse(facts: Sequence[Fact]) -> Iterator[str]:
    used: dict[str, set[str]] = {}
    for fact in facts_of(facts, Kind.DECIDED):
        with suppress(ValidationError):  # told already
            if proved_another(Decision.model_validate(fact.body), used):
                yield f"fact {fact.sequence} (decided): {USED_TWICE}"


def _revoked_at(approvers: EnrolledApprovers, approver: str, credential: str) -> datetime | None:
    return next(one.revoked_at for one in approvers.people[approver].credentials if one.id == credential)


def _faults_of_passing(facts: Sequence[Fact], approvers: EnrolledApprovers, gated: Collection[str]) -> list[str]:
    """Every promotion and switch must have been approved when it happened, by the stage as it was declared then."""
    request = _request(facts)
    release = _release(request) if request is not None else None
    if release is None:
        return []
    faults: list[str] = []
    for fact in facts:
        if fact.kind not in DONE:
            continue
        if fact.stage is None:
            faults.append(f"fact {fact.sequence} ({fact.kind}): it names no stage")
            continue
        earlier = [one for one in facts if one.sequence < fact.sequence]
        last = _last_request(earlier, fact.stage)
        if last is None:
            if fact.stage in gated:
                faults.append(f"fact {fact.sequence}: {fact.stage} {DONE[fact.kind]}, but nobody was asked")
            continue
        stage = _stage(last)
        if stage is None:
            faults.append(f"fact {fact.sequence} ({fact.kind}): the declaration of {fact.stage} cannot be read")
            continue
        if stage.gate is None or stage.name != fact.stage:
            faults.append(f"fact {fact.sequence} ({fact.kind}): what was asked about {fact.stage} was no gate of it")
            continue
        verdict = judge(stage, release, earlier, then(approvers, fact.at), fact.at)
        if verdict.verdict is not Verdict.OPEN:
            faults.append(f"fact {fact.sequence}: {fact.stage} {DONE[fact.kind]}, but {'; '.join(verdict.reasons)}")
    return faults


def then(approvers: EnrolledApprovers, moment: datetime) -> EnrolledApprovers:
    """The approvers without what was revoked only after a moment; who was a member then is not kept, so members are of now."""
    people = {
        name: Enrolment(
            name=one.name,
            aliases=one.aliases,
            credentials=tuple(
                credential.model_copy(update={"revoked_at": None})
                if credential.revoked_at is not None and credential.revoked_at > moment
                else credential
                for credential in one.credentials
            ),
        )
        for name, one in approvers.people.items()
    }
    return EnrolledApprovers(approvers.groups, people, approvers.tenant_keys)


def _keys(facts: Sequence[Fact], published: TenantKeys) -> TenantKeys:
    """Published keys, and where a tenant has withdrawn one since, the one that was kept with the decision."""
    keys = {tenant: dict(found) for tenant, found in published.items()}
    for fact in facts_of(facts, Kind.DECIDED):
        try:
            proof = Decision.model_validate(fact.body).proof
        except ValidationError:
            continue
        if isinstance(proof, EntraProof):
            keys.setdefault(proof.tenant_id, {}).setdefault(str(proof.key.get("kid")), proof.key)
    return keys


def _last_request(facts: Sequence[Fact], stage: str) -> ApprovalRequest | None:
    asked = facts_of(facts, Kind.ASKED, stage)
    return read_request(asked[-1]) if asked else None


def _stage(request: ApprovalRequest) -> Stage | None:
    try:
        return Stage.model_validate(request.policy)
    except ValidationError:
        return None


def _request(facts: Sequence[Fact]) -> Fact | None:
    return next(iter(facts_of(facts, Kind.REQUESTED)), None)


def _release(request: Fact) -> Release | None:
    try:
        return Release.model_validate(request.body.get("release"))
    except ValidationError:
        return None
