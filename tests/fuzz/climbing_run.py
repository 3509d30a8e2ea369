"""A run of the release flow over a world: `flows.promotion.advance`, `flows.approval.gate` and `flows.rollout.deploy`, one point at a time.

Between two points anything may happen, and at each of them the run may die: only storage remembers.
"""

from collections.abc import Generator
from datetime import timedelta

from stored_facts import ATTEMPTS
from weighing import Answer, Unproven, weigh
from world import Watch, World

from domain.approval.decision import Decision
from domain.approval.invalid_answer import InvalidAnswer
from domain.approval.request import ApprovalRequest, open_request
from domain.approval.verdict import Verdict, judge
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget
from domain.errors import Terminal, Transient
from domain.ledger.fact import Fact, Kind, facts_of
from domain.promotion.admission import admit
from domain.release.manifest import Release

REPORT = "sha256:" + "d" * 64
Steps = Generator[str, None, str | None]
"""Yields what it is about to do; returns the outcome with which a release ends, if it does."""


class ClimbingRun:
    """deployed: it suspends at a gate, and starts from the top for each answer. Otherwise it pauses in place.

    waiting: the question that its form shows. taken: the answer that it weighed last, and what it made of it.
    ended: the outcome. died: of which error.
    """

    def __init__(self, world: World, watch: Watch, deployed: bool = True) -> None:
        self._world, self._watch, self._deployed = world, watch, deployed
        self._answers: dict[tuple[str, int], Answer] = {}
        self._key = ("", 0)
        self._steps = self._climb()
        self.stage: Stage | None = None
        self.release: Release | None = None
        self.waiting: Fact | None = None
        self.taken: tuple[Answer, Decision | Unproven] | None = None
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
            self.waiting, self._steps = None, self._climb()

    def _seconds(self) -> float:
        if self.waiting is None:
            return 0
        return float(
            int((ApprovalRequest.model_validate(self.waiting.body).answer_by - self._world.now).total_seconds())
        )

    def _climb(self) -> Steps:
        first, stages = self._world.facts.read()[0], self._world.stages
        release = self.release = Release.model_validate(first.body["release"])
        if release.digest != first.body["digest"]:
            raise Terminal("the stored manifest was changed")
        for number, stage in enumerate(stages):
            kind = Kind.SWITCHED if isinstance(stage.target, BatchEndpointTarget) else Kind.VERIFIED
            if self._recorded(release, kind, stage):
                continue
            self.stage = stage
            ending = (yield from self._decide(release, stage)) if stage.gate is not None else None
            if ending is None:
                self._must_admit(release, stage, stages[:number])
                self._watch("deploy" if isinstance(stage.target, BatchEndpointTarget) else "promote", stage, release)
                yield "carry"
                yield from self._carry(release, stage, stages[:number])
            else:
                if not facts_of(self._world.facts.read(), Kind.ENDED):
                    yield from self._record(release, Kind.ENDED, {"outcome": ending, "stage": stage.name})
                return ending
        if not facts_of(self._world.facts.read(), Kind.ENDED):
            yield from self._record(release, Kind.ENDED, {"outcome": "SUCCEEDED", "stage": stages[-1].name})
        return "SUCCEEDED"

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
                return "EXPIRED"
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

    def _carry(self, release: Release, stage: Stage, before: tuple[Stage, ...]) -> Steps:
        world = self._world
        if not isinstance(stage.target, BatchEndpointTarget):
            if not self._recorded(release, Kind.PROMOTED, stage):
                yield from self._record(release, Kind.PROMOTED, {"stage": stage.name})
            yield from self._record(release, Kind.VERIFIED, {"stage": stage.name, "passed": True})
            return None
        for kind, body in ((Kind.DEPLOYED, {"deployment": release.name}), (Kind.VERIFIED, {"passed": True})):
            if not self._recorded(release, kind, stage):
                yield from self._record(release, kind, {"stage": stage.name, **body})
        self._must_admit(release, stage, before)
        self._watch("switch", stage, release)
        wanted = {f"{stage.name}/{unit.unit}": release.digest for unit in release.units}
        if not self._recorded(release, Kind.JOURNAL, stage):
            yield from self._record(release, Kind.JOURNAL, {"stage": stage.name, "after": wanted})
        for endpoint, digest in wanted.items():
            world.serving[endpoint] = digest
            world.now += timedelta(seconds=1)
            yield "switch"
        if not self._recorded(release, Kind.SWITCHED, stage):
            yield from self._record(release, Kind.SWITCHED, {"stage": stage.name, "after": wanted})
        return None

    def _must_admit(self, release: Release, stage: Stage, before: tuple[Stage, ...]) -> None:
        world = self._world
        admission = admit(stage, before, release, world.facts.read(), world.approvers, world.now)
        if not admission.allowed:
            self._watch("refuse", stage, release)
            raise Terminal("; ".join(admission.reasons))

    def _recorded(self, release: Release, kind: Kind, stage: Stage) -> bool:
        return bool(facts_of(self._world.facts.read(), kind, stage.name))

    def _record(self, release: Release, kind: Kind, body: dict[str, object]) -> Generator[str, None, Fact]:
        """Points are between reading and writing, where somebody else may be faster, and after it was written."""
        for _ in range(ATTEMPTS):
            fact = self._world.facts.next(release, kind, self._world.now, body)
            yield f"write {kind}"
            if self._world.facts.put(fact):
                yield f"wrote {kind}"
                return fact
        raise Transient(f"{fact.slot} was written by somebody else at the same time; reading again")
