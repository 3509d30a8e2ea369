"""What a gate asked, as the ledger keeps it: the body of an `asked` fact."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.approval.statement import Choice, Statement
from domain.canonical_json import canonical_json, digest_of
from domain.declaration.stage import Stage
from domain.identifiers import Sha256
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release
from domain.utc import Moment
from domain.verification.replay import ReplayResult


class ApprovalRequest(BaseModel):
    """What is asked about one release at one stage.

    policy: the stage as it was declared, whole, so that it can be judged again later. answer_by: nobody is asked any
    more. expires_at: what was approved is void. run: the flow run whose form it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    gate: str
    release_digest: Sha256
    policy: dict[str, Any]
    report_digest: Sha256
    answer_by: Moment
    expires_at: Moment
    run: str

    @property
    def policy_digest(self) -> str:
        """As `Stage.policy_digest`."""
        return digest_of(canonical_json(self.policy))

    @classmethod
    def of(cls, release: Release, stage: Stage, report_digest: str, now: datetime, run: str) -> "ApprovalRequest":
        """The request of a stage's gate, made now."""
        if stage.gate is None:
            raise ValueError(f"stage {stage.name} has no gate")
        answer_by = now + timedelta(minutes=stage.gate.timeout_minutes)
        return cls(
            stage=stage.name,
            gate=stage.gate.name,
            release_digest=release.digest,
            policy=stage.model_dump(mode="json"),
            report_digest=report_digest,
            answer_by=answer_by,
            expires_at=answer_by + timedelta(minutes=stage.gate.valid_minutes),
            run=run,
        )


def open_request(release: Release, stage: Stage, facts: Sequence[Fact]) -> Fact | None:
    """The newest request that is about this release and this stage as it is declared now; None when there is none.

    What was asked before a replay that left doubts does not stand: nobody who answered it had seen them.
    """
    doubted = doubts_of(facts, stage.name)
    for fact in reversed(facts_of(facts, Kind.ASKED, stage.name)):
        if doubted is not None and fact.sequence <= doubted.sequence:
            return None
        request = read_request(fact)
        if (
            request is not None
            and request.release_digest == release.digest
            and stage.is_policy(request.policy)
            and _ends_in_time(request, fact, stage)
        ):
            return fact
    return None


def doubts_of(facts: Sequence[Fact], stage: str) -> Fact | None:
    """The newest replay of a stage, if people have to look at it."""
    replayed = facts_of(facts, Kind.REPLAYED, stage)
    return replayed[-1] if replayed and replayed[-1].body.get("verdict") == ReplayResult.INCONCLUSIVE else None


def _ends_in_time(request: ApprovalRequest, fact: Fact, stage: Stage) -> bool:
    """Whether its times are no longer than declared: a request with longer ones was not made by Signalbox."""
    if stage.gate is None:
        return False
    return request.answer_by <= fact.at + timedelta(
        minutes=stage.gate.timeout_minutes
    ) and request.expires_at <= request.answer_by + timedelta(minutes=stage.gate.valid_minutes)


def read_request(fact: Fact) -> ApprovalRequest | None:
    """The request in a fact; None when it cannot be read."""
    try:
        return ApprovalRequest.model_validate(fact.body)
    except ValidationError:
        return None


def statement_of(fact: Fact, choice: Choice, approver: str, comment: str) -> Statement:
    """What an approver signs to answer a request; ValidationError for an unusable name or comment."""
    request = ApprovalRequest.model_validate(fact.body)
    return Statement(
        workload=fact.workload,
        release=fact.release,
        release_digest=request.release_digest,
        stage=request.stage,
        gate=request.gate,
        policy_digest=request.policy_digest,
        report_digest=request.report_digest,
        asked=fact.digest,
        choice=choice,
        approver=approver,
        comment=comment,
        expires_at=request.expires_at,
    )
