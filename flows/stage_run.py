"""One release at work at one stage that it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from blocks.ledger import Ledger
from blocks.workspace import Workspace
from domain.fact import Fact, Kind
from tasks.lease import HeldStage
from tasks.ledger import read_facts, record


@dataclass(frozen=True)
class StageRun:
    """What every step at a stage needs. workload, release, stage: names."""

    ledger: Ledger
    workspace: Workspace
    workload: str
    release: str
    stage: str
    held: HeldStage

    def facts(self) -> tuple[Fact, ...]:
        """Of the release, as they are now."""
        return read_facts(self.ledger, self.workload, self.release)

    def write(self, kind: Kind, body: Mapping[str, Any]) -> Fact:
        """Append a fact about this stage; StageLost where somebody else holds it by now."""
        self.held.check()
        return record(self.ledger, self.workload, self.release, kind, {"stage": self.stage, **body})

    def once(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Append a fact about this stage unless there is one of its kind."""
        if not self.recorded(kind):
            self.write(kind, body)

    def recorded(self, kind: Kind) -> bool:
        """Whether there is a fact of this kind about this stage."""
        return any(fact.kind is kind and fact.stage == self.stage for fact in self.facts())

    def about(self, release: str) -> "StageRun":
        """The same stage, held by the same run, and another release."""
        return replace(self, release=release)
