"""A fact about a release, as the ledger keeps it: written once, chained to the one before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.canonical import canonical_json, digest_of

FIRST = "sha256:" + "0" * 64
"""What the first fact of a release carries in place of a digest before it."""


class Kind(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    ASKED = "asked"
    DECIDED = "decided"
    PROMOTED = "promoted"
    DEPLOYED = "deployed"
    VERIFIED = "verified"
    JOURNAL = "journal"
    SWITCHED = "switched"
    ROLLED_BACK = "rolled_back"
    HELD = "held"
    ENDED = "ended"


class Fact(BaseModel):
    """One fact. previous: digest of the fact before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str
    release: str
    sequence: int = Field(ge=0)
    kind: Kind
    at: AwareDatetime
    body: dict[str, Any]
    previous: str

    @classmethod
    def after(
        cls, last: "Fact | None", *, workload: str, release: str, kind: Kind, at: datetime, body: Mapping[str, Any]
    ) -> "Fact":
        """The fact that follows; the first of a release when there is none before."""
        return cls(
            workload=workload,
            release=release,
            sequence=0 if last is None else last.sequence + 1,
            kind=kind,
            at=at,
            body=dict(body),
            previous=FIRST if last is None else last.digest,
        )

    def canonical_json(self) -> bytes:
        """What is stored, and what the digest is taken of."""
        return canonical_json(self)

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return digest_of(self.canonical_json())

    @property
    def slot(self) -> str:
        """The place of this sequence number, which one fact only can take."""
        return f"{self.workload}/{self.release}/{self.sequence:06d}.json"

    @property
    def stage(self) -> str | None:
        """The stage it is about, if it is about one."""
        stage = self.body.get("stage")
        return stage if isinstance(stage, str) else None


def chain_faults(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Every record that is missing, out of order, edited, or of another release; none when the chain holds."""
    faults: list[str] = []
    before: Fact | None = None
    for position, fact in enumerate(facts):
        where = f"fact {fact.sequence} ({fact.kind})"
        if fact.sequence != position:
            faults.append(f"{where} stands where fact {position} should: a record is missing or out of order")
        expected = FIRST if before is None else before.digest
        if fact.previous != expected:
            faults.append(f"{where} does not follow the record before it: one of the two was changed")
        if before is not None and (fact.workload, fact.release) != (before.workload, before.release):
            faults.append(f"{where} is of {fact.workload} {fact.release}, not of {before.workload} {before.release}")
        before = fact
    return tuple(faults)


def facts_of(facts: Sequence[Fact], kind: Kind, stage: str | None = None) -> tuple[Fact, ...]:
    """Facts of a kind, of one stage when it is named."""
    return tuple(fact for fact in facts if fact.kind is kind and (stage is None or fact.stage == stage))
