"""A fact about a release, as the ledger keeps it: written once, chained to the one before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.canonical_json import canonical_json, digest_of
from domain.ledger.signature import Signature, SigningKey
from domain.utc import Moment

PATH_PART = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

FIRST = "sha256:" + "0" * 64
"""What the first fact of a release carries in place of a digest before it."""


class Kind(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    ASKED = "asked"
    NOTIFIED = "notified"
    REFUSED = "refused"
    DECIDED = "decided"
    BUILDING = "building"
    """Builds were scheduled: which run of the registry makes which circuit's image."""
    PROMOTED = "promoted"
    DEPLOYED = "deployed"
    VERIFIED = "verified"
    REPLAYED = "replayed"
    DROPPED = "dropped"
    """Circuits of an independent fleet that failed; the others go on."""
    JOURNAL = "journal"
    CONFIRMED = "confirmed"
    SWITCHED = "switched"
    ROLLED_BACK = "rolled_back"
    HELD = "held"
    UNHELD = "unheld"
    CLEANED = "cleaned"
    """What is old was removed, after a stage was served."""
    DISCARDED = "discarded"
    """What failed before its switch was removed."""
    EXPIRED = "expired"
    """What outlived its time to live was removed, or is about to be."""
    ENDED = "ended"


class Fact(BaseModel):
    """One fact. previous: digest of the fact before. signature: its writer's, beside it and outside its digest."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    workload: str = Field(pattern=PATH_PART)
    release: str = Field(pattern=PATH_PART)
    sequence: int = Field(ge=0)
    kind: Kind
    at: Moment
    body: dict[str, Any]
    previous: str
    signature: Signature | None = Field(default=None, exclude_if=lambda value: value is None)

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

    def at_place_of(self, other: "Fact") -> "Fact":
        """The same said at another place in the chain."""
        return self.model_copy(update={"sequence": other.sequence, "previous": other.previous, "signature": None})

    def signed(self, key: SigningKey | None) -> "Fact":
        """The same, with its writer's signature where there is a key."""
        return self if key is None else self.model_copy(update={"signature": key.sign(self.slot, self.digest)})

    def canonical_json(self) -> bytes:
        """What the digest is taken of."""
        return canonical_json(self.model_dump(mode="json", exclude={"signature"}))

    def stored(self) -> bytes:
        """What is stored: the same, with the signature."""
        return canonical_json(self)

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return digest_of(self.canonical_json())

    @property
    def slot(self) -> str:
        """The place of this sequence number, which one fact only can take."""
        return slot_of(self.workload, self.release, self.sequence)

    @property
    def stage(self) -> str | None:
        """The stage it is about, if it is about one."""
        stage = self.body.get("stage")
        return stage if isinstance(stage, str) else None


def slot_of(workload: str, release: str, sequence: int) -> str:
    """The place of a sequence number, which one fact only can take."""
    return f"{workload}/{release}/{sequence:06d}.json"


def chain_faults(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Every record that is missing, repeated, out of order, edited, or of another release; none when the chain holds.

    An edited last record shows only once another follows it: nothing yet carries its digest.
    """
    faults: list[str] = []
    before: Fact | None = None
    for fact in facts:
        expected = 0 if before is None else before.sequence + 1
        if fact.sequence > expected:
            missing = (
                f"fact {expected}" if fact.sequence == expected + 1 else f"facts {expected} to {fact.sequence - 1}"
            )
            faults.append(f"{missing} missing before {_named(fact)}")
        elif before is None:
            if fact.previous != FIRST:
                faults.append(f"{_named(fact)} is the first but names one before it: it was changed")
        elif fact.sequence == before.sequence:
            faults.append(f"{_named(fact)} is there twice")
        elif fact.sequence < before.sequence:
            faults.append(f"{_named(fact)} is out of order: it comes after fact {before.sequence}")
        elif fact.previous != before.digest:
            faults.append(f"{_named(before)} was changed after {_named(fact)} was written, or that one was")
        if before is not None and (fact.workload, fact.release) != (before.workload, before.release):
            faults.append(
                f"{_named(fact)} is of {fact.workload} {fact.release}, not {before.workload} {before.release}"
            )
        before = fact
    return tuple(faults)


def _named(fact: Fact) -> str:
    return f"fact {fact.sequence} ({fact.kind})"


def facts_of(facts: Sequence[Fact], kind: Kind, stage: str | None = None) -> tuple[Fact, ...]:
    """Facts of a kind, of one stage when it is named."""
    return tuple(fact for fact in facts if fact.kind is kind and (stage is None or fact.stage == stage))
