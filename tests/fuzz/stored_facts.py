"""A ledger as it lies in storage: one text a slot, written create-only; whoever has the account's key can change it."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from domain.errors import Transient
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release

ATTEMPTS = 3
"""Of recording a fact whose slot somebody else has taken."""


@dataclass
class StoredFacts:
    """Of one release. slots: place → text; a place is what the blob's name says, whatever the text says."""

    slots: dict[int, str] = field(default_factory=dict)

    def copy(self) -> "StoredFacts":
        """The same, to be changed on its own."""
        return StoredFacts(dict(self.slots))

    def texts(self) -> tuple[str, ...]:
        """In the order of their places."""
        return tuple(self.slots[slot] for slot in sorted(self.slots))

    def read(self) -> tuple[Fact, ...]:
        """As `tasks.ledger.facts.read_facts`; ValidationError for what is no fact."""
        return tuple(_parsed(text) for text in self.texts())

    def put(self, fact: Fact) -> bool:
        """Create-only: False when the slot is taken."""
        if fact.sequence in self.slots:
            return False
        self.slots[fact.sequence] = fact.canonical_json().decode("ascii")
        return True

    def next(self, release: Release, kind: Kind, at: datetime, body: dict[str, Any]) -> Fact:
        """The fact that would follow now."""
        facts = self.read()
        last = facts[-1] if facts else None
        return Fact.after(last, workload=release.workload, release=release.name, kind=kind, at=at, body=body)

    def record(self, release: Release, kind: Kind, at: datetime, body: dict[str, Any]) -> Fact:
        """Append a fact where nobody else does."""
        fact = self.next(release, kind, at, body)
        if not self.put(fact):
            raise Transient(f"{fact.slot} was taken")
        return fact

    def lay(self, texts: list[str]) -> None:
        """Put texts in place of all that is there, one a slot from 0 on."""
        self.slots = dict(enumerate(texts))


@lru_cache(maxsize=5000)
def _parsed(text: str) -> Fact:
    return Fact.model_validate_json(text)
