"""Whose facts count: the public keys that an environment's owners wrote down, and what they took over from before it signed."""

from collections.abc import Sequence
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, field_validator

from domain.identifiers import Sha256
from domain.ledger.fact import Fact, chain_faults
from domain.ledger.signature import PublicKey, Signature, fingerprint


class Writer(BaseModel):
    """Who may write facts: a worker, or a person at a terminal. name: as audits show it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    key: PublicKey


class Trust(BaseModel):
    """writers: whose facts count. taken_over: WORKLOAD/RELEASE → digest of a fact; it and all before it count, whoever wrote them.

    So a ledger from before its environment signed goes on, and a key that somebody else knows is left out of the writers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    writers: tuple[Writer, ...] = Field(min_length=1)
    taken_over: dict[str, Sha256] = Field(default_factory=dict)

    @field_validator("writers")
    @classmethod
    def _each_once(cls, writers: tuple[Writer, ...]) -> tuple[Writer, ...]:
        for what in ("name", "key"):
            given = [getattr(one, what) for one in writers]
            if len(set(given)) < len(given):
                raise ValueError(f"two writers have the same {what}")
        return writers

    @cached_property
    def _by_key(self) -> dict[str, Writer]:
        return {fingerprint(one.key): one for one in self.writers}

    def writer_of(self, signature: Signature) -> Writer | None:
        """Who has the key; nobody says None. Nothing is proven by that."""
        return self._by_key.get(signature.key)

    def vouches(self, slot: str, digest: str, signature: Signature | None) -> str:
        """Why a fact of this digest at this place is nobody's whose facts count; "" when it is somebody's."""
        if signature is None:
            return "nobody signed it"
        writer = self.writer_of(signature)
        if writer is None:
            return f"it is signed with key {signature.key}, which is no writer's"
        if not signature.holds(slot, digest, writer.key):
            return f"it is not what {writer.name} signed: it was changed, or written for another place"
        return ""

    def fault_of(self, fact: Fact) -> str:
        """The same of a fact by itself."""
        return self.vouches(fact.slot, fact.digest, fact.signature)

    def faults_of(self, facts: Sequence[Fact], found: Sequence[str] | None = None) -> tuple[str, ...]:
        """Every fact of one release that does not count, and why. found: `fault_of` each, where that is known."""
        taken = self.taken_over_of(facts)
        if isinstance(taken, str):
            return (taken,)
        faults = found if found is not None else [self.fault_of(fact) for fact in facts]
        judged = list(zip(facts, faults, strict=True))[taken:]
        return tuple(f"fact {fact.sequence} ({fact.kind}) does not count: {why}" for fact, why in judged if why)

    def taken_over_of(self, facts: Sequence[Fact]) -> int | str:
        """How many facts of a release count because the owners took them over; why they cannot."""
        if not facts:
            return 0
        release = f"{facts[0].workload}/{facts[0].release}"
        wanted = self.taken_over.get(release)
        if wanted is None:
            return 0
        for number, fact in enumerate(facts, start=1):
            if fact.digest == wanted:
                faults = chain_faults(facts[:number])
                return f"what was taken over of {release} was changed: {'; '.join(faults)}" if faults else number
        return f"{release} was taken over up to the fact with digest {wanted}, and the ledger holds none such: it was changed or cut off"
