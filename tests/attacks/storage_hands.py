"""What somebody can do who may write to the ledger's storage, and make artifacts at the server, and has no writer's key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twins import TinyTwin, Twins

from domain.ledger.fact import Fact, Kind
from domain.ledger.signature import SigningKey
from tasks.ledger.stored_facts import stored_facts

OWN_KEY = SigningKey.made()
"""The attacker's: nobody named them a writer."""


@dataclass(frozen=True)
class StorageHands:
    """Of one workload's ledger."""

    twins: Twins
    tiny: TinyTwin

    def facts(self, release: str | None = None) -> tuple[Fact, ...]:
        """As they lie there; of the newest release where none is named."""
        return stored_facts(self.twins.ledger, self.tiny.name, release or self.twins.names(self.tiny)[0])

    def append(self, kind: Kind, body: Mapping[str, Any], key: SigningKey | None = None) -> Fact:
        """One fact more, chained as it should be."""
        last = self.facts()[-1]
        now = datetime.now(UTC)
        made = Fact.after(last, workload=last.workload, release=last.release, kind=kind, at=now, body=body).signed(key)
        self.put(made.slot, made.stored())
        return made

    def put(self, name: str, content: bytes) -> None:
        """Over whatever is there."""
        self.twins.blobs.upload_blob(name, content, overwrite=True)

    def rewrite(self, fact: Fact, change: Callable[[dict[str, Any]], None]) -> None:
        """One fact, with all after it chained anew; whatever signatures there were stay beside them."""
        before = None
        for one in self.facts(fact.release):
            document = json.loads(one.stored())
            if one.sequence == fact.sequence:
                change(document["body"])
            if before is not None:
                document["previous"] = before.digest
            before = Fact.model_validate(document)
            self.put(before.slot, before.stored())

    def cut(self, most: int) -> None:
        """Nothing after so many facts is there any more."""
        for one in self.facts()[most:]:
            self.twins.blobs.delete_blob(one.slot)

    def show(self, rows: list[dict[str, Any]]) -> None:
        """An artifact under the ledger's own key, newer than all others."""
        key = next(name for name in self.twins.run.artifacts if name.startswith("ledger"))
        self.twins.run.artifacts[key].append(rows)
