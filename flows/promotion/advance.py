"""A release goes through its stages: read, ask for the next step, do it, read again.

Holds nothing in memory: the ledger and Azure say what is done, so it can start again anywhere.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from blocks.ledger import Ledger
from domain.approval.approvers import EnrolledApprovers
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerRegistryTarget, ModelRegistryTarget, ServingTarget
from domain.declaration.workload import Workload
from domain.errors import StageBusy, Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
from domain.promotion.next_step import Plan, Seen, next_step, passed
from domain.promotion.step import (
    Ask,
    CleanUp,
    Do,
    Drop,
    Finish,
    Look,
    Observe,
    Publish,
    Refuse,
    Revert,
    Step,
    Switch,
    TakeStage,
    Wait,
)
from domain.release.manifest import Release
from flows.approval.gate import decide
from flows.approval.notify import tell_held
from flows.promotion.newer_releases import newer_on
from flows.promotion.publish_images import publish_images
from flows.promotion.publish_models import publish_models
from flows.rollout.deploy import Rollout
from flows.rollout.finish import clean_up_unswitched, finish_stage
from flows.rollout.switch import roll_back
from flows.rollout.wait import wait_until
from flows.stage.admit import admission_of
from flows.stage.stage_run import ServingRun, serving_run, stage_run
from tasks.approval.approvers import approvers_of
from tasks.ledger.facts import read_facts, record

NOBODY = EnrolledApprovers({}, {}, {})


def advance(
    ledger: Ledger, workload: Workload, release: Release, stages: Sequence[Stage], final: bool = True
) -> ReleaseOutcome:
    """Carry the release through the stages that it has not passed; write down how it ends.

    final: no stage is left after these; else a release that gets there is still under way, and goes on when it is run again.
    """
    plan = Plan(release, tuple(stages), workload.independent)
    with Carrier(ledger, workload, plan) as carrier:
        while True:
            step = carrier.next()
            if isinstance(step, Finish):
                break
            carrier.take(step)
        if step.revert:
            carrier.revert(step.stage, step.outcome.reason)
    if step.outcome.outcome is not Outcome.SUCCEEDED:
        tell_held(ledger, workload, release.name, step.stage.name)
    elif not final:
        return step.outcome
    return record_outcome(ledger, release, step.outcome, step.stage)


def record_outcome(ledger: Ledger, release: Release, outcome: ReleaseOutcome, stage: Stage) -> ReleaseOutcome:
    """Write down how the release ended, once."""
    facts = read_facts(ledger, release.workload, release.name)
    if not facts_of(facts, Kind.ENDED):
        body = {"outcome": outcome.outcome.value, "reason": outcome.reason, "stage": stage.name}
        record(ledger, release.workload, release.name, Kind.ENDED, body)
    return outcome


class Carrier:
    """Does the steps of one release, and keeps what was seen between them. Holds a stage from one step to the next; leaving it, none."""

    def __init__(self, ledger: Ledger, workload: Workload, plan: Plan) -> None:
        self._ledger, self._workload, self._plan = ledger, workload, plan
        self._seen = Seen()
        self._facts: tuple[Fact, ...] | None = None
        self._approvers = NOBODY
        self._holding = ExitStack()
        self._rollout: Rollout | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holding.__exit__(kind, error, trace)

    def next(self) -> Step:
        """By what is written down now, unless nothing was done since the last look."""
        if self._facts is None:
            release = self._plan.release
            self._facts = read_facts(self._ledger, release.workload, release.name)
            current = next((one for one in self._plan.stages if not passed(self._facts or (), one)), None)
            asks = current is not None and current.gate is not None and not self._seen.held
            self._approvers = approvers_of(current.gate, self._facts) if current is not None and asks else NOBODY
        return next_step(self._plan, self._facts, self._seen, self._approvers, datetime.now(UTC))

    def take(self, step: Step) -> None:
        """Do it."""
        stage = step.stage
        if self._seen.stage != stage.name:
            self._see_anew(stage)
        if not isinstance(step, Observe):
            self._facts = None
        match step:
            case Observe():
                self._look(step)
            case Ask():
                self._see_anew(stage)
                ended = decide(self._ledger, self._workload, self._plan.release, stage)
                rejected = ended is not None and ended.outcome is Outcome.REJECTED  # that is in the ledger
                self._seen = replace(self._seen, unanswered=None if rejected else ended)
            case Refuse():
                why = "; ".join(step.reasons)
                raise Terminal(f"{stage.name} does not admit release {self._plan.release.name}: {why}")
            case Wait():
                self._see_anew(stage)
                wait_until(self._ledger, self._plan.release, stage, step.until, step.why)
            case Publish():
                self._seen = replace(self._seen, failures=self._publish(stage))
            case Revert():
                self.revert(stage, step.reason)
                self._seen = replace(self._seen, reverted=True)
            case CleanUp():
                self._clean_up(stage)
            case _:
                self._serve(step)

    def _look(self, step: Observe) -> None:
        stage, release = step.stage, self._plan.release
        if step.at is Look.ADMISSION:
            admission = admission_of(self._ledger, stage, self._plan.before(stage), release)
            self._seen = replace(self._seen, refusals=admission.reasons)
        else:
            newer = newer_on(self._ledger, self._workload, release, stage, self._facts or ())
            self._seen = replace(self._seen, newer=newer)

    def _publish(self, stage: Stage) -> dict[str, str]:
        with stage_run(self._ledger, self._workload, self._plan.release, stage) as at:
            if isinstance(stage.target, ModelRegistryTarget):
                return publish_models(at, self._workload, self._plan.release, stage.target)
            assert isinstance(stage.target, ContainerRegistryTarget)  # noqa: S101 - all others serve
            return publish_images(at, self._workload, self._plan.release, stage.target)

    def _serve(self, step: Step) -> None:
        """What is done while the stage is held."""
        if isinstance(step, TakeStage):
            at = self._holding.enter_context(self._serving_run(step.stage))
            self._rollout = Rollout.begin(at, self._workload, self._plan.release, step.stage)
            self._seen = Seen(step.stage.name, held=True, endpoints=self._rollout.endpoints, behind=self._seen.behind)
            return
        assert self._rollout is not None  # noqa: S101 - nothing of this is asked for before `TakeStage`
        if isinstance(step, Do):
            failures = self._rollout.do(step.work)
            self._seen = replace(self._seen, failures=failures, done=self._seen.done | {step.work})
        elif isinstance(step, Drop):
            self._rollout.drop(step.failures)
            self._seen = replace(self._seen, failures={})
        elif isinstance(step, Switch):
            failures = self._rollout.switch(step)
            self._seen = replace(self._seen, failures=failures, refusals=None, soaks=step.soak_minutes > 0)

    def revert(self, stage: Stage, reason: str) -> None:
        """Undo what the release has switched at the stage, unless it has switched all of it, and what it deployed there."""
        target, alone = stage.target, self._plan.independent
        if not isinstance(target, ServingTarget):
            return
        with ExitStack() as held:
            at = self._rollout.at if self._rollout is not None else held.enter_context(self._serving_run(stage))
            roll_back(at, reason, alone)
            clean_up_unswitched(at, self._plan.release, target)

    def _clean_up(self, stage: Stage) -> None:
        assert isinstance(stage.target, ServingTarget)  # noqa: S101 - nothing else is cleaned
        self._see_anew(stage)
        with suppress(StageBusy), self._serving_run(stage) as at:
            finish_stage(at, self._workload, self._plan.release, stage, stage.target)
            return
        self._seen = replace(self._seen, busy=True)  # who holds it cleans, too

    def _serving_run(self, stage: Stage) -> AbstractContextManager[ServingRun]:
        assert isinstance(stage.target, ServingTarget)  # noqa: S101 - the others are not held so
        return serving_run(self._ledger, self._workload, self._plan.release, stage, stage.target)

    def _see_anew(self, stage: Stage) -> None:
        """Let the stage go, and forget what was seen."""
        self._holding.close()
        self._rollout = None
        behind = frozenset(one.name for one in self._plan.before(stage))
        self._seen = Seen(stage.name, behind=behind)
