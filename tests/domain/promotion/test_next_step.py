"""What happens next: one row a situation."""

from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import declared_stages
import pytest
from one_gate import MINUTE, OneGate

from domain.approval.request import ApprovalRequest
from domain.approval.statement import Choice
from domain.declaration.gate import BreakGlass
from domain.declaration.stage import Stage
from domain.declaration.wave import Wave
from domain.declaration.window import Window
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.outcome import Outcome, ReleaseOutcome
from domain.promotion import next_step as module
from domain.promotion import step as steps
from domain.promotion.next_step import SOAKS, Plan, Seen, next_step, passed, soaks_until
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
from domain.rollout.switch import Journal
from domain.verification.replay import Replay

ALL = ("ada", "emil", "olga")
ONE, TWO = "PLANT001/CIRCUIT01", "PLANT001/CIRCUIT02"
ENDPOINTS = {ONE: "be-1", TWO: "be-2"}
DONE = frozenset(Work)
FAILED = {ONE: "it hums"}
NEW = "deployment-20251210-1"


@dataclass
class Situation:
    """A release of two circuits on its way: registry (one approval), test (no gate), production (gate)."""

    gate: OneGate = field(default_factory=OneGate)
    independent: bool = False
    later: timedelta = timedelta()
    seen: Seen = field(default_factory=Seen)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(one.model_copy(update=self.changes.get(one.name, {})) for one in declared_stages.stages())

    def stage(self, name: str) -> Stage:
        return next(one for one in self.stages if one.name == name)

    def next(self) -> Step:
        plan = Plan(self.gate.release, self.stages, self.independent)
        return next_step(plan, self.gate.facts, self.seen, self.gate.approvers, self.gate.now + self.later)

    def see(self, stage: str, **seen: Any) -> "Situation":
        self.seen = Seen(stage, **seen)
        return self

    def fact(self, kind: Kind, stage: str, **body: Any) -> "Situation":
        self.gate.add(kind, {"stage": stage, **body})
        return self

    def verified(self, *stages: str) -> "Situation":
        for stage in stages:
            self.fact(Kind.VERIFIED, stage, passed=True)
        return self

    def journal(self, stage: str = "test", **more: Any) -> "Situation":
        given = {"before": {"be-1": "old-1", "be-2": "old-2"}, "after": {"be-1": NEW, "be-2": NEW}, "fence": 1, **more}
        return self.fact(Kind.JOURNAL, **Journal(stage=stage, **given).model_dump(mode="json"))

    def switched(
        self, stage: str = "test", *, endpoints: tuple[str, ...] = ("be-1", "be-2"), left: int = 0, **more: Any
    ) -> "Situation":
        after = dict.fromkeys(endpoints, NEW)
        return self.fact(Kind.SWITCHED, stage, after=after, left=left, **more)

    def serving(self, stage: str = "test") -> "Situation":
        """Verified, switched and cleaned."""
        return self.verified(stage).journal(stage).switched(stage).fact(Kind.CLEANED, stage)

    def at_test(self, **seen: Any) -> "Situation":
        return self.verified("registry").see("test", **seen)

    def at_production(self, *approvals: str, **seen: Any) -> "Situation":
        self.verified("registry").serving("test")
        if approvals:
            self.gate.approved(*approvals)
        return self.see("production", **seen)


def finish(outcome: Outcome, reason: str, stage: str, revert: bool = False) -> Callable[[Situation], Step]:
    return lambda at: Finish(at.stage(stage), ReleaseOutcome(outcome, reason), revert)


def on(kind: Callable[..., Step], stage: str, *more: Any, **named: Any) -> Callable[[Situation], Step]:
    return lambda at: kind(at.stage(stage), *more, **named)


def new() -> Situation:
    return Situation()


def held(**seen: Any) -> Situation:
    """At the stage test, which this run holds and where nothing newer serves."""
    return new().at_test(**{"held": True, "newer": {}, "endpoints": ENDPOINTS, **seen})


def in_waves(situation: Situation, soak: float = 10) -> Situation:
    waves = (Wave(circuits=(ONE,), soak_minutes=soak), Wave(circuits="rest"))
    situation.changes["test"] = {"waves": waves}
    return situation


REPLAY = Replay.model_validate(
    {
        "data": "azureml://datastores/store/paths/recent/{plant}/",
        "columns": ["t", "power"],
        "prediction": "power",
        "rows_at_least": 1,
        "limits": {
            "mean_shift": {"pass": 1, "fail": 2},
            "p95_shift": {"pass": 1, "fail": 2},
            "moved": {"by": 1, "pass": 0.1, "fail": 0.2},
        },
    }
)


def compared(situation: Situation, stage: str) -> Situation:
    """The stage declares a replay."""
    situation.changes[stage] = {**situation.changes.get(stage, {}), "replay": REPLAY}
    if situation.gate.stage.name == stage:
        situation.gate.stage = situation.stage(stage)
    return situation


def replayed(situation: Situation, stage: str, verdict: str) -> Situation:
    units = {ONE: {"verdict": verdict, "reasons": "it shifts"}, TWO: {"verdict": "PASSED", "reasons": ""}}
    return situation.fact(Kind.REPLAYED, stage, verdict=verdict, units=units)


def rejected() -> Situation:
    situation = new().at_production("ada", newer={})
    situation.gate.decide("emil", Choice.REJECT, "it drifts")
    return situation


def doubted(situation: Situation) -> Situation:
    return situation.fact(Kind.CONFIRMED, "test", passed=True, answers={}, doubts={"be-1": "it shifts"})


WORDS = "emil rejected it at Production-Approval: it drifts"
SERVES = (
    "test serves newer releases than 20251210.1: be-1: serves release 20251211.1. Nothing was changed; to put an older version "
    "there, ask for it by name with `signalbox deploy-version PLANT/CIRCUIT VERSION --stage test --workload plants`"
)
LOOK = "test serves release 20251210.1, and people must look at it: be-1: it shifts. Keep it, or roll back with `signalbox rollback --stage test --workload plants`"
UNANSWERED = ReleaseOutcome(Outcome.EXPIRED, "nobody decided")
BACK = {"reason": "it hums", "after": {"be-1": "old-1"}}
DELETES = {"target": declared_stages.stages()[1].target.model_copy(update={"failed_deployments": "delete"})}


def deleting(situation: Situation) -> Situation:
    """What the test stage deploys for nothing is removed."""
    situation.changes["test"] = DELETES
    return situation


def independent(situation: Situation) -> Situation:
    situation.independent = True
    return situation


def after(situation: Situation, minutes: float) -> Situation:
    situation.later = timedelta(minutes=minutes)
    return situation


def soaking(minutes: float, **seen: Any) -> Situation:
    """The first of two waves at test has switched; minutes that are left."""
    situation = in_waves(new().at_test(**seen))
    until = (situation.gate.now + MINUTE + timedelta(minutes=minutes)).isoformat()
    return situation.switched(endpoints=("be-1",), left=1, soaks_until=until)


def two_soak() -> Situation:
    """Both canaries of a fleet of more have switched at test."""
    until = (new().gate.now + timedelta(hours=1)).isoformat()
    return in_waves(new().at_test()).switched(left=1, soaks_until=until)


def until(situation: Situation, stage: str = "test") -> datetime:
    found = soaks_until(situation.gate.facts, stage)
    assert found is not None
    return found


FROZEN, WEEK = 60 * 24 * 3, 60 * 24 * 7


def frozen(*approvals: str, **gate: Any) -> Situation:
    """Production may not change for another three days. gate: what it declares besides."""
    situation = new()
    starts = (situation.gate.now - timedelta(hours=1)).replace(tzinfo=None, second=0, microsecond=0)
    freezes = (Window(starts=starts, minutes=FROZEN),)
    before = situation.stage("production").gate
    assert before is not None
    situation.changes["production"] = {
        "gate": before.model_copy(update={"freezes": freezes, "break_glass": None, "valid_minutes": WEEK, **gate})
    }
    situation.gate.stage = situation.stage("production")
    return situation.at_production(*approvals, newer={})


def thaws(situation: Situation) -> Step:
    """Wait until the freeze is over."""
    gate = situation.stage("production").gate
    assert gate is not None
    ends = gate.freezes[0].starts.replace(tzinfo=UTC) + timedelta(minutes=FROZEN)
    return Wait(situation.stage("production"), ends, f"there is a freeze until {ends:%Y-%m-%d %H:%M} UTC")


def expires(situation: Situation) -> Step:
    """Wait until the approval is void, which is before the freeze is over."""
    asked = next(fact for fact in reversed(situation.gate.facts) if fact.kind is Kind.ASKED)
    waits = thaws(situation)
    assert isinstance(waits, Wait)
    return replace(waits, until=ApprovalRequest.model_validate(asked.body).expires_at)


def beside_the_deadline(minutes: float) -> Situation:
    """Approved, closed, with somebody who may break the glass; minutes after the last moment in which answers count."""
    situation = frozen(*ALL, break_glass=BreakGlass(group="ops"))
    asked = next(fact for fact in reversed(situation.gate.facts) if fact.kind is Kind.ASKED)
    ends = ApprovalRequest.model_validate(asked.body).answer_by
    situation.later = ends - situation.gate.now + timedelta(minutes=minutes)
    return situation


def canary_at_production(situation: Situation, minutes: float) -> Situation:
    """The first of two waves has switched there; minutes that it still soaks."""
    until = (situation.gate.now + MINUTE + timedelta(minutes=minutes)).isoformat()
    return situation.switched("production", endpoints=("be-1",), left=1, soaks_until=until)


Row = tuple[str, Callable[[], Situation], Callable[[Situation], Step]]
REGISTRY: list[Row] = [
    ("a gate that nobody was asked at asks", new, on(Ask, "registry")),
    (
        "nobody answered in time",
        lambda: new().see("registry", unanswered=UNANSWERED),
        lambda at: Finish(at.stage("registry"), UNANSWERED),
    ),
    (
        "what was seen at a stage above counts for nothing",
        lambda: new().see("production", unanswered=UNANSWERED),
        on(Ask, "registry"),
    ),
    (
        "what was seen at another stage counts for nothing",
        lambda: new().see("test", unanswered=UNANSWERED),
        on(Ask, "registry"),
    ),
]


def approved_at_registry(**seen: Any) -> Situation:
    situation = Situation(OneGate("registry"))
    situation.gate.approved("ada")
    return situation.see("registry", **seen)


PUBLISHING: list[Row] = [
    ("approved, it is asked whether the stage admits", approved_at_registry, on(Observe, "registry", Look.ADMISSION)),
    ("admitted, models are published", lambda: approved_at_registry(refusals=()), on(Publish, "registry")),
    ("not admitted, nothing ends", lambda: approved_at_registry(refusals=("held",)), on(Refuse, "registry", ("held",))),
    (
        "models that cannot be published end it",
        lambda: approved_at_registry(refusals=(), failures=FAILED),
        finish(Outcome.FAILED, f"registry: {ONE}: it hums", "registry"),
    ),
    (
        "what publishing could not go on without ends it, of an independent fleet too",
        lambda: independent(approved_at_registry(refusals=(), failures=FAILED)),
        finish(Outcome.FAILED, f"registry: {ONE}: it hums", "registry"),
    ),
    ("published, the next stage follows", lambda: new().verified("registry"), on(Observe, "test", Look.ADMISSION)),
]
SERVING: list[Row] = [
    (
        "without a gate nobody looks at what serves before the stage is held",
        lambda: new().at_test(refusals=()),
        on(TakeStage, "test"),
    ),
    ("held, what serves is read", lambda: held(newer=None), on(Observe, "test", Look.SERVING)),
    ("a newer release serves", lambda: held(newer={"be-1": "20251211.1"}), finish(Outcome.SUPERSEDED, SERVES, "test")),
    (
        "a newer release serves, and a switch is under way",
        lambda: held(newer={"be-1": "20251211.1"}, refusals=()).journal(),
        on(Do, "test", Work.DEPLOY),
    ),
    ("first all are deployed", held, on(Do, "test", Work.DEPLOY)),
    ("then verified", lambda: held(done=frozenset({Work.DEPLOY})), on(Do, "test", Work.VERIFY)),
    ("then replayed", lambda: held(done=frozenset({Work.DEPLOY, Work.VERIFY})), on(Do, "test", Work.REPLAY)),
    ("then checked", lambda: held(done=DONE - {Work.CHECK}), on(Do, "test", Work.CHECK)),
    ("then asked whether the stage still admits", lambda: held(done=DONE), on(Observe, "test", Look.ADMISSION)),
    (
        "no longer admitted, nothing is switched",
        lambda: held(done=DONE, refusals=("held",)),
        on(Refuse, "test", ("held",)),
    ),
    ("admitted, all switch", lambda: held(done=DONE, refusals=()), on(Switch, "test", (ONE, TWO), 1, 0, 0.0)),
    (
        "one that failed alone is not switched",
        lambda: held(done=DONE, refusals=()).fact(Kind.DROPPED, "test", units={ONE: "a"}),
        on(Switch, "test", (TWO,), 1, 0, 0.0),
    ),
    ("the first wave", lambda: in_waves(held(done=DONE, refusals=())), on(Switch, "test", (ONE,), 1, 1, 10.0)),
    (
        "the second wave",
        lambda: in_waves(held(done=DONE, refusals=())).switched(
            endpoints=("be-1",), left=1, soaks_until="2025-12-10T12:00:00+00:00"
        ),
        on(Switch, "test", (TWO,), 2, 0, 0.0),
    ),
    (
        "all that were left have failed alone",
        lambda: (
            in_waves(held(done=DONE, refusals=()))
            .switched(endpoints=("be-1",), left=1, soaks_until="2025-12-10T12:00:00+00:00")
            .fact(Kind.DROPPED, "test", units={TWO: "b"})
        ),
        on(Switch, "test", (), 0, 0, 0.0),
    ),
    (
        "a switch that was begun goes on",
        lambda: held(done=DONE, refusals=()).journal(),
        on(Switch, "test", (ONE, TWO), 1, 0, 0.0),
    ),
]
FAILING: list[Row] = [
    ("one fails, all are reverted", lambda: held(failures=FAILED), on(Revert, "test", f"{ONE}: it hums")),
    (
        "reverted, it has failed",
        lambda: held(failures=FAILED, reverted=True),
        finish(Outcome.FAILED, f"test: {ONE}: it hums", "test"),
    ),
    (
        "all of an independent fleet failed",
        lambda: independent(held(failures={ONE: "a", TWO: "b"})),
        on(Revert, "test", f"{ONE}: a; {TWO}: b"),
    ),
    (
        "all of an independent fleet failed, and were reverted",
        lambda: independent(held(failures={ONE: "a", TWO: "b"}, reverted=True)),
        finish(Outcome.FAILED, f"test: {ONE}: a; {TWO}: b", "test"),
    ),
    (
        "the only one left of an independent fleet failed",
        lambda: independent(held(failures={TWO: "b"}).fact(Kind.DROPPED, "test", units={ONE: "a"})),
        on(Revert, "test", f"{TWO}: b"),
    ),
    (
        "of an independent fleet the others go on at a stage that serves",
        lambda: independent(held(failures=FAILED)),
        on(Drop, "test", FAILED),
    ),
    (
        "rolled back after a failure, what was deployed for it goes first",
        lambda: held(failures={"the fleet": "it hums"}).fact(Kind.ROLLED_BACK, "test", **BACK),
        on(Revert, "test", "the fleet: it hums"),
    ),
    (
        "rolled back",
        lambda: new().at_test().fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.FAILED, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "rolled back at another stage it goes on",
        lambda: held().fact(Kind.ROLLED_BACK, "production", **BACK),
        on(Do, "test", Work.DEPLOY),
    ),
    (
        "rolled back after a failure that was reverted",
        lambda: held(failures={"the fleet": "it hums"}, reverted=True).fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.FAILED, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "rolled back and held",
        lambda: new().at_test().fact(Kind.HELD, "test", reason="it hums").fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.ROLLED_BACK, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "held at another stage",
        lambda: new().at_test().fact(Kind.HELD, "production", reason="it hums").fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.FAILED, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "nothing to roll back to",
        lambda: new().at_test().switched(unconfirmed="it hums, and stays"),
        finish(Outcome.FAILED, "test: it hums, and stays", "test"),
    ),
    (
        "a rollback was begun",
        lambda: new().at_test(refusals=()).journal(back=True, reason="it hums"),
        on(Revert, "test", "it hums"),
    ),
    ("half switched, and admission unknown", lambda: new().at_test().journal(), on(Observe, "test", Look.ADMISSION)),
    ("half switched, held, and admission unknown", lambda: held().journal(), on(Observe, "test", Look.ADMISSION)),
    (
        "rolled back twice",
        lambda: new().at_test().fact(Kind.ROLLED_BACK, "test", reason="a").fact(Kind.ROLLED_BACK, "test", reason="b"),
        finish(Outcome.FAILED, "test: rolled back to what served before: b", "test"),
    ),
    (
        "what failed is not one of the circuits",
        lambda: independent(held(failures={"the fleet": "it hums"})),
        on(Revert, "test", "the fleet: it hums"),
    ),
    (
        "more failed than were on their way",
        lambda: independent(held(failures={ONE: "a", TWO: "b"}).fact(Kind.DROPPED, "test", units={ONE: "a"})),
        on(Revert, "test", f"{ONE}: a; {TWO}: b"),
    ),
    ("nothing has switched that could soak", lambda: held(soaks=True), on(Do, "test", Work.DEPLOY)),
    (
        "half switched, and no longer admitted",
        lambda: new().at_test(refusals=("a", "b")).journal(),
        on(Revert, "test", "half switched, and no longer admitted: a; b"),
    ),
    ("half switched, and admitted", lambda: new().at_test(refusals=()).journal(), on(TakeStage, "test")),
]
SOAKING: list[Row] = [
    (
        "a wave that soaks lets the stage go, however short",
        lambda: soaking(-1, held=True, newer={}, soaks=True),
        lambda at: Wait(at.stage("test"), until(at), SOAKS),
    ),
    ("it soaks", lambda: soaking(5, refusals=()), lambda at: Wait(at.stage("test"), until(at), SOAKS)),
    ("it soaks, and admission is unknown", lambda: soaking(5), on(Observe, "test", Look.ADMISSION)),
    ("it soaks, and is no longer admitted", lambda: soaking(5, refusals=("held",)), on(Refuse, "test", ("held",))),
    ("it has soaked to the minute", lambda: soaking(0, refusals=()), on(TakeStage, "test")),
    ("it has soaked", lambda: after(soaking(5, refusals=()), 6), on(TakeStage, "test")),
    (
        "a wave that does not soak goes on at once",
        lambda: soaking(-1, held=True, newer={}, endpoints=ENDPOINTS, done=DONE, refusals=()),
        on(Switch, "test", (TWO,), 2, 0, 0.0),
    ),
    (
        "what soaks is overtaken",
        lambda: soaking(-1, held=True, newer={"be-2": "20251211.1"}),
        lambda at: Finish(
            at.stage("test"),
            ReleaseOutcome(
                Outcome.SUPERSEDED,
                SERVES.replace("be-1", "be-2").replace(
                    "Nothing was changed", "What this release had switched is rolled back"
                ),
            ),
            True,
        ),
    ),
    (
        "a person rolled back one of two that soak",
        lambda: two_soak().fact(Kind.ROLLED_BACK, "test", **BACK).fact(Kind.HELD, "test", reason="it hums"),
        finish(Outcome.ROLLED_BACK, "test: rolled back to what served before: it hums", "test", True),
    ),
    (
        "a person rolled back one of two that soak, and circuits are independent",
        lambda: (
            independent(two_soak()).fact(Kind.ROLLED_BACK, "test", **BACK).fact(Kind.HELD, "test", reason="it hums")
        ),
        finish(Outcome.ROLLED_BACK, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "what soaks was rolled back",
        lambda: soaking(5).fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.FAILED, "test: rolled back to what served before: it hums", "test"),
    ),
]
AFTERWARDS: list[Row] = [
    ("it serves, and is cleaned up", lambda: new().at_test().switched(), on(CleanUp, "test")),
    ("others clean it up", lambda: new().at_test(busy=True).switched(), on(Observe, "production", Look.SERVING)),
    (
        "others clean it up, and people must look",
        lambda: doubted(new().at_test(busy=True)).switched(),
        finish(Outcome.INCONCLUSIVE, LOOK, "test"),
    ),
    (
        "cleaned, and people must look",
        lambda: doubted(new().at_test()).switched().fact(Kind.CLEANED, "test"),
        finish(Outcome.INCONCLUSIVE, LOOK, "test"),
    ),
    (
        "cleaned, the next stage follows",
        lambda: new().at_test().switched().fact(Kind.CLEANED, "test"),
        on(Observe, "production", Look.SERVING),
    ),
    (
        "a stage that it went through is not looked at again",
        lambda: (
            new().at_production(newer={}, behind=frozenset({"registry", "test"})).fact(Kind.ROLLED_BACK, "test", **BACK)
        ),
        on(Ask, "production"),
    ),
    (
        "one that it did not go through in this run is",
        lambda: new().at_production(newer={}).fact(Kind.ROLLED_BACK, "test", **BACK),
        finish(Outcome.FAILED, "test: rolled back to what served before: it hums", "test"),
    ),
    (
        "it serves everywhere",
        lambda: new().at_production(*ALL).serving("production"),
        finish(Outcome.SUCCEEDED, "release 20251210.1 serves production", "production"),
    ),
    (
        "it serves everywhere but for one that failed alone",
        lambda: new().at_production(*ALL).serving("production").fact(Kind.DROPPED, "test", units={ONE: "it hums"}),
        finish(
            Outcome.SUCCEEDED,
            f"release 20251210.1 serves production without 1 of 2 circuits: {ONE}: test: it hums",
            "production",
        ),
    ),
    (
        "it has ended from outside in the midst of its switch",
        lambda: new().at_test().journal().fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided"),
        on(Revert, "test", "half switched, and the release has ended"),
    ),
    (
        "it has ended from outside between its waves",
        lambda: soaking(-1).fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided"),
        on(Revert, "test", "half switched, and the release has ended"),
    ),
    (
        "it has ended from outside between its waves, and is reverted",
        lambda: (
            soaking(-1)
            .fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided")
            .fact(Kind.ROLLED_BACK, "test", reason="a", after={})
        ),
        finish(Outcome.EXPIRED, "nobody decided", "production"),
    ),
    (
        "it has ended from outside between its waves, of which none switched anything",
        lambda: (
            in_waves(new().at_test())
            .switched(endpoints=(), left=1, soaks_until="2025-12-10T12:00:00+00:00")
            .fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided")
        ),
        finish(Outcome.EXPIRED, "nobody decided", "production"),
    ),
    (
        "independent circuits that serve stay where the release has ended from outside",
        lambda: independent(soaking(-1)).fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided"),
        finish(Outcome.EXPIRED, "nobody decided", "production"),
    ),
    (
        "it has ended from outside while somebody rolls it back",
        lambda: new().at_test().journal(back=True).fact(Kind.ENDED, "test", outcome="EXPIRED", reason="nobody decided"),
        finish(Outcome.EXPIRED, "nobody decided", "production"),
    ),
    (
        "it has ended, from outside",
        lambda: rejected().fact(Kind.ENDED, "production", outcome="EXPIRED", reason="nobody decided"),
        finish(Outcome.EXPIRED, "nobody decided", "production"),
    ),
]
CLOSED: list[Row] = [
    ("approved, and closed for now: it waits, and nobody is asked", lambda: frozen(*ALL), thaws),
    ("it waits no longer than it is approved", lambda: frozen(*ALL, valid_minutes=60), expires),
    ("closed, and not approved by all: people are asked", lambda: frozen("ada"), on(Ask, "production")),
    (
        "closed, and never to open again: who is asked may still reject",
        lambda: frozen(*ALL, windows=(Window(starts="2020-01-01T00:00", minutes=1),)),
        on(Ask, "production"),
    ),
    (
        "closed, where somebody may break the glass: they are asked",
        lambda: frozen(*ALL, break_glass=BreakGlass(group="ops")),
        on(Ask, "production"),
    ),
    ("to the last moment in which answers count", lambda: beside_the_deadline(0), on(Ask, "production")),
    ("when answers count no longer, it waits for the freeze's end", lambda: beside_the_deadline(1), thaws),
    (
        "a canary soaks into a freeze: nobody is asked meanwhile",
        lambda: canary_at_production(frozen(*ALL), 30),
        lambda at: Wait(at.stage("production"), until(at, "production"), SOAKS),
    ),
    (
        "a canary has soaked in a freeze: the others wait for its end",
        lambda: canary_at_production(frozen(*ALL), 0),
        thaws,
    ),
    ("it has soaked for longer in a freeze", lambda: canary_at_production(frozen(*ALL), -5), thaws),
]
GATE: list[Row] = [
    (
        "what serves is read before people are asked",
        lambda: new().at_production(),
        on(Observe, "production", Look.SERVING),
    ),
    (
        "a newer one serves: nobody is asked",
        lambda: new().at_production(newer={"be-1": "20251211.1"}),
        finish(Outcome.SUPERSEDED, SERVES.replace("test", "production"), "production"),
    ),
    ("people are asked", lambda: new().at_production(newer={}), on(Ask, "production")),
    ("one approval is not enough", lambda: new().at_production("ada", newer={}), on(Ask, "production")),
    ("approved", lambda: new().at_production(*ALL, newer={}), on(Observe, "production", Look.ADMISSION)),
    ("approved and admitted", lambda: new().at_production(*ALL, newer={}, refusals=()), on(TakeStage, "production")),
    (
        "approved and not admitted",
        lambda: new().at_production(*ALL, newer={}, refusals=("a",)),
        on(Refuse, "production", ("a",)),
    ),
    ("approved too long ago", lambda: after(new().at_production(*ALL, newer={}), 60 * 24 * 30), on(Ask, "production")),
    (
        "approved too long ago, and held: whether it is admitted says so",
        lambda: after(new().at_production(*ALL, newer={}, held=True, endpoints=ENDPOINTS), 60 * 24 * 30),
        on(Do, "production", Work.DEPLOY),
    ),
    ("rejected", rejected, finish(Outcome.REJECTED, WORDS, "production")),
    (
        "rejected, with a wave that has switched",
        lambda: rejected().switched("production", endpoints=("be-1",), left=1, soaks_until="2025-12-10T12:00:00+00:00"),
        finish(Outcome.REJECTED, WORDS, "production", True),
    ),
    (
        "nobody decided",
        lambda: new().at_production(newer={}, unanswered=UNANSWERED),
        lambda at: Finish(at.stage("production"), UNANSWERED),
    ),
    (
        "nobody decided, with a wave that has switched",
        lambda: (
            new()
            .at_production(newer={}, unanswered=UNANSWERED)
            .switched("production", endpoints=("be-1",), left=1, soaks_until="2025-12-10T12:00:00+00:00")
        ),
        lambda at: Finish(at.stage("production"), UNANSWERED, True),
    ),
]
DOUBTS: list[Row] = [
    (
        "a replay without a gate leaves doubts",
        lambda: replayed(compared(held(done=DONE), "test"), "test", "INCONCLUSIVE"),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
        ),
    ),
    (
        "only what is in doubt is told",
        lambda: compared(held(done=DONE), "test").fact(
            Kind.REPLAYED,
            "test",
            verdict="INCONCLUSIVE",
            units={
                ONE: {"verdict": "INCONCLUSIVE", "reasons": "it shifts"},
                TWO: {"verdict": "FAILED", "reasons": "it is off"},
            },
        ),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
        ),
    ),
    (
        "a switch was begun, and a replay leaves doubts",
        lambda: replayed(compared(held(done=DONE, refusals=()).journal(), "test"), "test", "INCONCLUSIVE"),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
            True,
        ),
    ),
    (
        "nothing was deployed that could go",
        lambda: replayed(compared(deleting(held(done=DONE)), "test"), "test", "INCONCLUSIVE"),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
        ),
    ),
    (
        "what was deployed for it goes",
        lambda: replayed(compared(deleting(held(done=DONE)), "test"), "test", "INCONCLUSIVE").fact(
            Kind.DEPLOYED, "test", deployment=NEW
        ),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
            True,
        ),
    ),
    (
        "what was deployed for it stays where that is declared",
        lambda: replayed(compared(held(done=DONE), "test"), "test", "INCONCLUSIVE").fact(
            Kind.DEPLOYED, "test", deployment=NEW
        ),
        finish(
            Outcome.INCONCLUSIVE,
            f"test: {ONE}: it shifts. Nothing was switched, and the stage has no gate where people could decide",
            "test",
            False,
        ),
    ),
    (
        "a replay that passed",
        lambda: replayed(compared(held(done=DONE), "test"), "test", "PASSED"),
        on(Observe, "test", Look.ADMISSION),
    ),
    (
        "doubts of a replay that is no longer declared",
        lambda: replayed(held(done=DONE), "test", "INCONCLUSIVE"),
        on(Observe, "test", Look.ADMISSION),
    ),
    (
        "doubts of a replay before this one",
        lambda: replayed(compared(held(done=DONE - {Work.REPLAY, Work.CHECK}), "test"), "test", "INCONCLUSIVE"),
        on(Do, "test", Work.REPLAY),
    ),
    (
        "a replay leaves doubts: people are asked again",
        lambda: replayed(
            compared(new(), "production").at_production(*ALL, newer={}, held=True, endpoints=ENDPOINTS, done=DONE),
            "production",
            "INCONCLUSIVE",
        ),
        on(Ask, "production"),
    ),
    ("they were asked again", lambda: asked_again(), on(Observe, "production", Look.ADMISSION)),
]


def asked_again() -> Situation:
    situation = compared(new(), "production").at_production(*ALL)
    replayed(situation, "production", "INCONCLUSIVE").gate.approved(*ALL)
    return situation.see("production", newer={}, held=True, endpoints=ENDPOINTS, done=DONE)


ROWS = [*REGISTRY, *PUBLISHING, *SERVING, *FAILING, *SOAKING, *AFTERWARDS, *CLOSED, *GATE, *DOUBTS]


@pytest.mark.parametrize(("given", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_next_step(given: Callable[[], Situation], expected: Callable[[Situation], Step]) -> None:
    situation = given()
    assert situation.next() == expected(situation)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({name for name, *_ in ROWS}) == len(ROWS)


def test_the_same_state_has_the_same_next_step_after_a_crash() -> None:
    """What a run has seen is gone; what is written down is not: it looks again, and comes to the same step."""
    situation = new().at_production(*ALL)
    assert situation.next() == Observe(situation.stage("production"), Look.SERVING)
    situation.seen = Seen()
    assert situation.next() == Observe(situation.stage("production"), Look.SERVING)


def test_a_stage_that_serves_is_passed_once_all_its_waves_have_switched() -> None:
    situation = new().verified("registry", "test")
    assert passed(situation.gate.facts, situation.stage("registry"))
    assert not passed(situation.gate.facts, situation.stage("test"))
    situation.switched(endpoints=("be-1",), left=1)
    assert not passed(situation.gate.facts, situation.stage("test"))
    situation.switched(endpoints=("be-2",))
    assert passed(situation.gate.facts, situation.stage("test"))


@pytest.mark.parametrize("body", [{}, {"outcome": "SERVES"}, {"outcome": None}])
def test_an_end_that_cannot_be_read_is_said(body: dict[str, Any]) -> None:
    situation = new().fact(Kind.ENDED, "production", **body)
    with pytest.raises(Terminal, match=r"how release 20251210\.1 ended cannot be read: fact 1 says .*`signalbox audit"):
        situation.next()


def test_the_first_end_counts() -> None:
    situation = (
        new().fact(Kind.ENDED, "test", outcome="FAILED", reason="it hums").fact(Kind.ENDED, "test", outcome="SUCCEEDED")
    )
    assert situation.next() == Finish(situation.stage("production"), ReleaseOutcome(Outcome.FAILED, "it hums"))


def test_nothing_soaks_before_the_first_wave_and_after_the_last() -> None:
    assert soaks_until(new().gate.facts, "test") is None
    assert soaks_until(new().switched(soaks_until="2025-12-10T12:00:00+00:00").gate.facts, "test") is None
    assert soaks_until(soaking(5).gate.facts, "production") is None


def test_the_newest_wave_says_until_when_it_soaks() -> None:
    first, second = "2025-12-10T13:00:00+00:00", "2025-12-10T14:00:00+00:00"
    situation = new().switched(left=2, soaks_until=first).switched(left=1, soaks_until=second)
    assert soaks_until(situation.gate.facts, "test") == datetime.fromisoformat(second)
    assert soaks_until(situation.switched(left=0, soaks_until=second).gate.facts, "test") is None


def test_what_was_seen_and_what_is_to_be_done_does_not_change() -> None:
    records = {
        one for one in (*vars(module).values(), *vars(steps).values()) if isinstance(one, type) and is_dataclass(one)
    }
    assert len(records) > 12
    for one in records:
        assert one.__dataclass_params__.frozen, one


def test_the_stages_below_are_those_before_it() -> None:
    situation = new()
    plan = Plan(situation.gate.release, situation.stages, independent=False)
    assert [one.name for one in plan.before(situation.stage("test"))] == ["registry"]
    assert plan.before(situation.stage("registry")) == ()
