"""One release at work at one stage that it holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from blocks.ledger import Ledger
from domain.declaration.place import Place
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release
from tasks.ledger.facts import read_facts, record
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.places import must_be_where_it_was, place_of
from tasks.platforms import platform_of
from tasks.targets.platform import Platform


@dataclass(frozen=True)
class StageRun:
    """What every step at a stage needs. workload, release, stage: names."""

    ledger: Ledger
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

    def about(self, release: str) -> Self:
        """The same stage, held by the same run, and another release."""
        return replace(self, release=release)


@dataclass(frozen=True)
class ServingRun(StageRun):
    """At a stage where circuits serve. place: what the stage stands for."""

    platform: Platform
    place: Place


@contextmanager
def stage_run(ledger: Ledger, workload: Workload, release: Release, stage: Stage) -> Iterator[StageRun]:
    """Hold the stage while the body runs."""
    with stage_lease(ledger, workload.name, stage.name, release.name) as held:
        must_be_where_it_was(workload, stage)
        yield StageRun(ledger, workload.name, release.name, stage.name, held)


@contextmanager
def serving_run(
    ledger: Ledger, workload: Workload, release: Release, stage: Stage, target: ServingTarget
) -> Iterator[ServingRun]:
    """Hold the stage while the body runs. target: the stage's."""
    platform = platform_of(workload, target)
    with stage_run(ledger, workload, release, stage) as at:
        yield ServingRun(at.ledger, at.workload, at.release, at.stage, at.held, platform, place_of(workload, stage))
