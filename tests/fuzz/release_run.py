"""A run of the release flow over a world: as `flows.promotion.advance` it asks for the next step and does it, one point at a time.

Between two points anything may happen, and at each of them the run may die: only storage remembers.
"""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta

from stored_facts import ATTEMPTS
from weighing import Answer, InvalidProof, weigh
from world import Watch, World

from domain.approval.decision import Decision
from domain.approval.invalid_answer import InvalidAnswer
from domain.approval.request import ApprovalRequest, open_request
from domain.approval.verdict import Verdict, judge
from domain.declaration.stage import Stage
from domain.errors import Terminal, Transient
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome
from domain.promotion.admission import admit
from domain.promotion.next_step import Plan, Seen, next_step
from domain.promotion.step import (
    Ask,
    CleanUp,
    Do,
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
from domain.release.manifest import Release
from domain.rollout.switch import Journal, open_journal

REPORT = "sha256:" + "d" * 64
Steps = Generator[str, None, str | None]
"""Yields what it is about to do; returns the outcome with which a release ends, if it does."""


class ReleaseRun:
    """deployed: it suspends at a gate, and starts from the top for each answer. Otherwise it pauses in place.

    waiting: the request that its form shows. taken: the answer that it weighed last, and what it made of it.
    ended: the outcome. died: of which error.
    """

    def __init__(self, world: World, watch: Watch, deployed: bool = True) -> None:
        self._world, self._watch, self._deployed = world, watch, deployed
        self._answers: dict[tuple[str, int], Answer] = {}
        self._key = ("", 0)
        self._steps = self._promote()
        self.stage: Stage | None = None
        self.release: Release | None = None
        self.waiting: Fact | None = None
        self.taken: tuple[Answer, Decision | InvalidProof] | None = None
        self.ended: str | None = None
        self.died = ""

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.ended is not None or bool(self.died)

    def go_on(self, points: int = 1) -> None:
        """Go on to the next points; stays where it waits, unless the time is up."""
        for _ in range(points):
            if self.over or (self.waiting is not None and self._key not in self._answers and self._seconds() > 0):
                return
            try:
                next(self._steps)
            except StopIteration as end:
                self.ended = str(end.value)
            except (Terminal, Transient, ValueError, LookupError, TypeError) as error:
                self.died = f"{type(error).__name__}: {error}"

    def answer(self, answer: Answer) -> None:
        """Somebody sends the form that is shown."""
        if self.waiting is None or self._seconds() <= 0:
            return
        self._answers[self._key] = answer
        if self._deployed:
            self.waiting, self._steps = None, self._promote()

    def _seconds(self) -> float:
        if self.waiting is None:
            return 0
        return float(
            int((ApprovalRequest.model_validate(self.waiting.body).answer_by - self._world.now).total_seconds())
        )

    def _promote(self) -> Steps:
        first, world = self._world.facts.read()[0], self._world
        release = self.release = Release.model_validate(first.body["release"])
        if release.digest != first.body["digest"]:
            raise Terminal("the stored manifest was changed")
        plan, seen = Plan(release, world.stages, independent=False), Seen()
        while True:
            step = next_step(plan, world.facts.read(), seen, world.approvers, world.now)
            stage = self.stage = step.stage
            if seen.stage != stage.name:
                seen = Seen(stage.name, behind=frozenset(one.name for one in plan.before(stage)))
            match step:
                case Finish():
                    if step.revert:
                        yield from self._revert(release, stage)
                    if not facts_of(world.facts.read(), Kind.ENDED):
                        outcome = {"outcome": step.outcome.outcome.value, "reason": step.outcome.reason}
                        yield from self._record(release, Kind.ENDED, {**outcome, "stage": stage.name})
                    return step.outcome.outcome.value
                case Refuse():
                    self._watch("refuse", stage, release)
                    raise Terminal("; ".join(step.reasons))
                case Observe() if step.at is Look.SERVING:
                    seen = replace(seen, newer={})
                case Observe():
                    facts = world.facts.read()
                    admission = admit(stage, plan.before(stage), release, facts, world.approvers, world.now)
                    seen = replace(seen, refusals=admission.reasons)
                case Ask():
                    ended = yield from self._decide(release, stage)
                    unanswered = ReleaseOutcome(Outcome.EXPIRED, "nobody decided") if ended == "EXPIRED" else None
                    seen = Seen(stage.name, unanswered=unanswered, behind=seen.behind)
                case Wait():
                    while world.now < step.until:
                        self._watch("wait", stage, release)
                        yield "carry"
                    seen = Seen(stage.name, behind=seen.behind)
                case Revert():
                    yield from self._revert(release, stage)
                    seen = replace(seen, reverted=True)
                case _:
                    seen = yield from self._do(step, release, seen)

    def _do(self, step: Step, release: Release, seen: Seen) -> Generator[str, None, Seen]:
        """What changes something at a stage."""
        stage, done = step.stage, seen
        match step:
            case Publish():
                self._watch("promote", stage, release)
                yield "carry"
                yield from self._once(release, Kind.PROMOTED, stage)
                yield from self._once(release, Kind.VERIFIED, stage, passed=True)
            case TakeStage():
                self._watch("deploy", stage, release)
                yield "carry"
                endpoints = {str(unit.unit): f"{stage.name}/{unit.unit}" for unit in release.units}
                done = Seen(stage.name, held=True, newer={}, endpoints=endpoints, behind=seen.behind)
            case Do():
                if step.work is Work.VERIFY:
                    yield from self._once(release, Kind.DEPLOYED, stage, deployment=release.name)
                if step.work is Work.REPLAY:
                    yield from self._once(release, Kind.VERIFIED, stage, passed=True)
                done = replace(seen, done=seen.done | {step.work})
            case Switch():
                yield from self._switch(release, stage, [seen.endpoints[name] for name in step.circuits])
                done = replace(seen, refusals=None)
            case CleanUp():
                yield from self._once(release, Kind.CLEANED, stage)
            case _:
                raise AssertionError(f"nothing of this is declared here: {step}")
        return done

    def _decide(self, release: Release, stage: Stage) -> Steps:
        world = self._world
        while True:
            facts = world.facts.read()
            approval = judge(stage, release, facts, world.approvers, world.now)
            if approval.verdict is Verdict.OPEN:
                return None
            if approval.verdict is Verdict.REJECTED:
                return "REJECTED"
            asked = open_request(release, stage, facts)
            if asked is None:
                body = ApprovalRequest.of(release, stage, REPORT, world.now, "run").model_dump(mode="json")
                yield from self._record(release, Kind.ASKED, body)
                continue
            answered = (
                fact for kind in (Kind.DECIDED, Kind.REFUSED) for fact in facts_of(world.facts.read(), kind, stage.name)
            )
            self._key = (asked.digest, 1 + sum(fact.sequence > asked.sequence for fact in answered))
            self.waiting = asked
            in_time = self._seconds() > 0
            if in_time and self._key not in self._answers:
                self._watch("wait", stage, release)
                yield "wait"
            answer = self._answers.get(self._key) if in_time else None
            self.waiting = None
            if answer is None:
                now = judge(stage, release, world.facts.read(), world.approvers, world.now)
                assert stage.gate is not None
                waits = now.closed and stage.gate.opens_at(world.now) is not None
                return None if waits else "EXPIRED"
            outcome = weigh(world, release, stage, asked, answer)
            self.taken = (answer, outcome)
            if isinstance(outcome, Decision):
                yield from self._record(release, Kind.DECIDED, outcome.model_dump(mode="json"))
            else:
                refusal = InvalidAnswer(
                    stage=stage.name,
                    gate=asked.body["gate"],
                    approver=answer.approver[:200],
                    reasons=(outcome.reason,),
                    wrong_code=outcome.wrong_code,
                )
                yield from self._record(release, Kind.REFUSED, refusal.model_dump(mode="json"))

    def _switch(self, release: Release, stage: Stage, endpoints: list[str]) -> Generator[str, None, None]:
        world = self._world
        self._watch("switch", stage, release)
        journal = open_journal(world.facts.read(), stage.name)
        if journal is None:
            before = {endpoint: world.serving.get(endpoint) for endpoint in endpoints}
            wanted: dict[str, str | None] = dict.fromkeys(endpoints, release.digest)
            journal = Journal(stage=stage.name, before=before, after=wanted, fence=1)
            yield from self._record(release, Kind.JOURNAL, journal.model_dump(mode="json"))
        for endpoint in journal.after:
            world.serving[endpoint] = release.digest
            world.now += timedelta(seconds=1)
            yield "switch"
        yield from self._record(release, Kind.SWITCHED, {"stage": stage.name, "after": journal.after})

    def _revert(self, release: Release, stage: Stage) -> Generator[str, None, None]:
        """What was half switched serves again what it served before."""
        world, journal = self._world, open_journal(self._world.facts.read(), stage.name)
        if journal is None:
            return
        for endpoint, before in journal.before.items():
            world.serving.pop(endpoint, None)
            if before is not None:
                world.serving[endpoint] = before
            yield "switch back"
        yield from self._record(release, Kind.ROLLED_BACK, {"stage": stage.name, "reason": "half switched"})

    def _once(self, release: Release, kind: Kind, stage: Stage, **body: object) -> Generator[str, None, None]:
        if not facts_of(self._world.facts.read(), kind, stage.name):
            yield from self._record(release, kind, {"stage": stage.name, **body})

    def _record(self, release: Release, kind: Kind, body: dict[str, object]) -> Generator[str, None, Fact]:
        """Points are between reading and writing, where somebody else may be faster, and after it was written."""
        for _ in range(ATTEMPTS):
            fact = self._world.facts.next(release, kind, self._world.now, body)
            yield f"write {kind}"
            if self._world.facts.put(fact):
                yield f"wrote {kind}"
                return fact
        raise Transient(f"{fact.slot} was written by somebody else at the same time; reading again")
