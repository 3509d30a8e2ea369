"""One release at work at one stage that it holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.fact import Fact, Kind
from domain.release import Release
from domain.stage import BatchEndpointTarget, Stage
from domain.workload import Workload
from tasks.lease import HeldStage, stage_lease
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


@contextmanager
def stage_run(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> Iterator[StageRun]:
    """Hold the stage while the body runs. Its workspace: where models come from, for a registry."""
    target = stage.target
    workspace = loaded(Workspace, target.workspace if isinstance(target, BatchEndpointTarget) else "dev")
    with stage_lease(ledger, workload.name, stage.name, release.name) as held:
        yield StageRun(ledger, workspace, workload.name, release.name, stage.name, held)
