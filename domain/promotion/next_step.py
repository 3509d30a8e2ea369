"""What happens next to a release: one pure function over what was written down, what was seen, who may decide, and the time.

Whoever carries a release reads, asks for the next step, does it, and reads again. Nothing is remembered between runs: after a crash the
same state has the same next step. What guards a deployment or a switch (lease, read-back, the journal) stays where that is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.approval.approvers import EnrolledApprovers
from domain.approval.request import ApprovalRequest, doubts_of, open_request
from domain.approval.verdict import GateVerdict, Verdict, judge
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.wave import waves_of
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
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
    Work,
)
from domain.release.failed_units import active_units, failed_units
from domain.release.manifest import Release
from domain.release.outcome import ending_of
from domain.rollout.switch import is_between_waves, is_part_switched, is_switched, open_journal, switched_endpoints
from domain.text import listed_reasons

SOAKS = "a wave is soaking"


@dataclass(frozen=True)
class Plan:
    """Where a release goes now. stages: in order. independent: a circuit fails alone, and the others go on without it."""

    release: Release
    stages: tuple[Stage, ...]
    independent: bool

    def before(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages below one of its own."""
        return self.stages[: self.stages.index(stage)]


@dataclass(frozen=True)
class Seen:
    """What this run has seen at one stage; None and empty: not yet.

    newer: endpoint → the newer release that it serves. refusals: why the stage does not admit the release. unanswered: how the release
    ends because its gate got no answer. held: the stage is, by this run. endpoints: circuit → endpoint, where it is held. done: since then.
    soaks: a wave has switched since then, and lets the stage go.
    failures: circuit → why the last work failed. reverted: what there was to revert because of them is. busy: others hold the stage, and clean
    it up. behind: stages that this run has gone through.
    """

    stage: str = ""
    newer: Mapping[str, str] | None = None
    refusals: tuple[str, ...] | None = None
    unanswered: ReleaseOutcome | None = None
    held: bool = False
    endpoints: Mapping[str, str] = field(default_factory=dict)
    done: frozenset[Work] = frozenset()
    soaks: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)
    reverted: bool = False
    busy: bool = False
    behind: frozenset[str] = frozenset()


def passed(facts: Sequence[Fact], stage: Stage) -> bool:
    """Whether the ledger says that the stage is behind the release."""
    if isinstance(stage.target, ServingTarget):
        return is_switched(facts, stage.name)
    return bool(facts_of(facts, Kind.VERIFIED, stage.name))


def next_step(plan: Plan, facts: Sequence[Fact], seen: Seen, approvers: EnrolledApprovers, now: datetime) -> Step:
    """The one thing to do now. facts: of the release, all. approvers: as enrolled for the first stage that it has not passed."""
    ended = ending_of(facts)
    if ended is not None:
        return _half_switched(plan, facts) or Finish(plan.stages[-1], ended)
    for stage in plan.stages:
        if stage.name in seen.behind:
            continue
        here = seen if seen.stage == stage.name else Seen(stage.name)
        step = _Situation(plan, stage, facts, here, approvers, now).step()
        if step is not None:
            return step
    return Finish(plan.stages[-1], ReleaseOutcome(Outcome.SUCCEEDED, _arrived(plan, facts)))


def _half_switched(plan: Plan, facts: Sequence[Fact]) -> Revert | None:
    """What ended from outside in the midst of its switch leaves no stage so; a rollback that was begun is finished by who began it."""
    for stage in plan.stages:
        journal = open_journal(facts, stage.name)
        half = journal is not None and not journal.back
        if half or (
            not plan.independent and is_between_waves(facts, stage.name) and is_part_switched(facts, stage.name)
        ):
            return Revert(stage, "half switched, and the release has ended")
    return None


def _arrived(plan: Plan, facts: Sequence[Fact]) -> str:
    """With the circuits that failed alone."""
    reason, gone = f"release {plan.release.name} serves {plan.stages[-1].name}", failed_units(facts)
    if not gone:
        return reason
    return f"{reason} without {len(gone)} of {len(plan.release.units)} circuits: {listed_reasons(gone)}"


@dataclass(frozen=True)
class _Situation:
    """One stage, as it is now."""

    plan: Plan
    stage: Stage
    facts: Sequence[Fact]
    seen: Seen
    approvers: EnrolledApprovers
    now: datetime

    def step(self) -> Step | None:
        """None where nothing is left to do."""
        serves = isinstance(self.stage.target, ServingTarget)
        if step := self._half_done() or self._rolled_back():
            return step
        if passed(self.facts, self.stage):
            return self._after() if serves else None
        step = self._superseded() if serves and (self.stage.gate is not None or self.seen.held) else None
        return (
            step
            or self._gate()
            or self._failed()
            or (self._serve() if serves else self._admitted() or Publish(self.stage))
        )

    def _half_done(self) -> Step | None:
        """A switch that was begun goes on only where it is still admitted."""
        journal = open_journal(self.facts, self.stage.name)
        if journal is None:
            return None
        if journal.back:
            return Revert(self.stage, journal.reason)
        if self.seen.refusals is None:
            return Observe(self.stage, Look.ADMISSION)
        if self.seen.refusals:
            why = f"half switched, and no longer admitted: {'; '.join(self.seen.refusals)}"
            return Revert(self.stage, why)
        return None

    def _rolled_back(self) -> Step | None:
        """What was rolled back is not switched again by the same release; nor what could not be and was not confirmed."""
        own = [fact for fact in self.facts if fact.stage == self.stage.name]
        if self.seen.failures and not self.seen.reverted:
            return None  # first what was deployed for nothing goes
        back = [fact for fact in own if fact.kind is Kind.ROLLED_BACK]
        if back:
            held = any(fact.kind is Kind.HELD for fact in own)
            reason = f"{self.stage.name}: rolled back to what served before: {back[-1].body.get('reason')}"
            rest = not self.plan.independent and is_part_switched(
                self.facts, self.stage.name
            )  # a person took back some
            return self._end(Outcome.ROLLED_BACK if held else Outcome.FAILED, reason, rest)
        stays = next((fact.body["unconfirmed"] for fact in reversed(own) if "unconfirmed" in fact.body), None)
        return None if stays is None else self._end(Outcome.FAILED, f"{self.stage.name}: {stays}")

    def _after(self) -> Step | None:
        """The stage serves the release."""
        if not facts_of(self.facts, Kind.CLEANED, self.stage.name) and not self.seen.busy:
            return CleanUp(self.stage)
        doubts: dict[str, str] = {}
        for fact in facts_of(self.facts, Kind.CONFIRMED, self.stage.name):
            doubts |= fact.body["doubts"]
        if not doubts:
            return None
        reason = (
            f"{self.stage.name} serves release {self.plan.release.name}, and people must look at it: {listed_reasons(doubts)}. "
            f"Keep it, or roll back with `signalbox rollback --stage {self.stage.name} --workload {self.plan.release.workload}`"
        )
        return self._end(Outcome.INCONCLUSIVE, reason)

    def _superseded(self) -> Step | None:
        """Nothing older is put over a newer release; one in the midst of its switch goes on."""
        if open_journal(self.facts, self.stage.name) is not None:
            return None
        if self.seen.newer is None:
            return Observe(self.stage, Look.SERVING)
        if not self.seen.newer:
            return None
        shown = listed_reasons({endpoint: f"serves release {name}" for endpoint, name in self.seen.newer.items()})
        part = is_part_switched(self.facts, self.stage.name)
        done = "What this release had switched is rolled back" if part else "Nothing was changed"
        reason = (
            f"{self.stage.name} serves newer releases than {self.plan.release.name}: {shown}. {done}; to put an older "
            f"version there, ask for it by name with `signalbox deploy-version PLANT/CIRCUIT VERSION --stage {self.stage.name} --workload "
            f"{self.plan.release.workload}`"
        )
        return self._end(Outcome.SUPERSEDED, reason, part)

    def _gate(self) -> Step | None:
        """Whoever holds the stage asks nobody meanwhile: whether it still admits the release is asked before every switch."""
        if self.seen.held:
            return None
        if self.seen.unanswered is not None:
            return Finish(self.stage, self.seen.unanswered, self._has_to_revert())
        verdict = judge(self.stage, self.plan.release, self.facts, self.approvers, self.now)
        if verdict.verdict is Verdict.REJECTED:
            return self._end(Outcome.REJECTED, "; ".join(verdict.reasons), self._has_to_revert())
        if verdict.verdict is Verdict.OPEN:
            return None
        return self._closed(verdict) or Ask(self.stage)

    def _closed(self, verdict: GateVerdict) -> Wait | None:
        """Everybody has approved, and the calendar is against it. Who may break the glass is asked for as long as answers count."""
        gate, asked = self.stage.gate, open_request(self.plan.release, self.stage, self.facts)
        if gate is None or asked is None or not verdict.closed:
            return None
        soaks = soaks_until(self.facts, self.stage.name)
        if soaks is not None and soaks > self.now:
            return Wait(self.stage, soaks, SOAKS)
        request = ApprovalRequest.model_validate(asked.body)
        if gate.break_glass is not None and self.now <= request.answer_by:
            return None
        opens, why = gate.opens_at(self.now), "; ".join(gate.closures(self.now))
        return None if opens is None else Wait(self.stage, min(opens, request.expires_at), why)

    def _admitted(self) -> Step | None:
        if self.seen.refusals is None:
            return Observe(self.stage, Look.ADMISSION)
        return Refuse(self.stage, self.seen.refusals) if self.seen.refusals else None

    def _failed(self) -> Step | None:
        """A fleet fails as one, unless its circuits are independent and some are left. (What publishes drops those by itself.)"""
        failures = self.seen.failures
        if not failures:
            return None
        if isinstance(self.stage.target, ServingTarget):
            active = {str(one.unit) for one in active_units(self.plan.release, self.facts)}
            if self.plan.independent and failures.keys() < active:
                return Drop(self.stage, failures)
            if not self.seen.reverted:
                return Revert(self.stage, listed_reasons(failures))
        return self._end(Outcome.FAILED, f"{self.stage.name}: {listed_reasons(failures)}")

    def _serve(self) -> Step:
        until = soaks_until(self.facts, self.stage.name)
        if until is not None and self.seen.soaks:
            return Wait(self.stage, until, SOAKS)
        if not self.seen.held:
            if until is not None and until > self.now:
                return self._admitted() or Wait(self.stage, until, SOAKS)
            return self._admitted() or TakeStage(self.stage)
        for work in Work:
            if work not in self.seen.done:
                return Do(self.stage, work)
            if work is Work.REPLAY and (step := self._doubted()):
                return step
        return self._admitted() or self._switch()

    def _doubted(self) -> Step | None:
        """What a replay left open people look at, before anything switches."""
        replayed = doubts_of(self.facts, self.stage.name)
        if replayed is None or self.stage.replay is None:
            return None
        if self.stage.gate is not None:
            return Ask(self.stage) if open_request(self.plan.release, self.stage, self.facts) is None else None
        units, verdict = replayed.body["units"], replayed.body["verdict"]
        doubts = {name: unit["reasons"] for name, unit in units.items() if unit["verdict"] == verdict}
        reason = f"{self.stage.name}: {listed_reasons(doubts)}. Nothing was switched, and the stage has no gate where people could decide"
        return self._end(Outcome.INCONCLUSIVE, reason, self._has_to_revert())

    def _switch(self) -> Switch:
        switched = switched_endpoints(self.facts, self.stage.name)
        waves = [
            (tuple(name for one in wave if self.seen.endpoints[name := str(one.unit)] not in switched), soak)
            for wave, soak in waves_of(self.stage.waves, active_units(self.plan.release, self.facts))
        ]
        waiting = [number for number, (wave, _) in enumerate(waves) if wave]
        if not waiting:
            return Switch(self.stage, (), 0, 0, 0.0)
        circuits, soak = waves[waiting[0]]
        return Switch(self.stage, circuits, waiting[0] + 1, len(waiting) - 1, soak)

    def _has_to_revert(self) -> bool:
        """Whether it has half switched the stage, or deployed there what is not to stay."""
        target, name = self.stage.target, self.stage.name
        if not isinstance(target, ServingTarget):
            return False
        if open_journal(self.facts, name) is not None or is_part_switched(self.facts, name):
            return True
        return target.failed_deployments == "delete" and bool(facts_of(self.facts, Kind.DEPLOYED, name))

    def _end(self, outcome: Outcome, reason: str, revert: bool = False) -> Finish:
        return Finish(self.stage, ReleaseOutcome(outcome, reason), revert)


def soaks_until(facts: Sequence[Fact], stage: str) -> datetime | None:
    """When the next wave may begin; None where none waits."""
    switched = facts_of(facts, Kind.SWITCHED, stage)
    if not switched or not switched[-1].body.get("left"):
        return None
    return datetime.fromisoformat(switched[-1].body["soaks_until"])
