"""The state machine: hypothesis chooses what happens next, and makes a history that went wrong as short as it can."""

from enum import StrEnum

import meddling
from cast import GROUPS, NAMES, WAYS
from declared_stages import EDITS
from forgeries import FORGERIES
from history import History
from honest_history import honest_points
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.approval.statement import Choice
from domain.ledger.fact import Kind

APPROVERS = ("ada", "grace", "emil", "olga")
FORGED = tuple(name for name in NAMES if name not in {"rhea", "carl"})
"""Rhea lends her proofs to the outsider."""
WAITS = (40, 400, 1500, 3600, 4 * 3600, 8 * 3600, 13 * 3600, 23 * 3600, 50 * 3600)
PASSING = st.sampled_from([Choice.APPROVE, Choice.APPROVE, Choice.APPROVE, Choice.BREAK_GLASS])
NUMBER = st.integers(0, 60)
FEW = st.integers(0, 3)


class Hands(StrEnum):
    """What somebody can do in the storage account. Where it is write-once, as on Azure, facts can only be added.

    Where facts can be rewritten, nobody proves a decision by a fresh token: it names no statement, so whoever can rewrite
    the ledger can put it beside another one. Every other proof holds against such hands.
    """

    NO = "no"
    ADD = "add"
    REWRITE = "rewrite"


class GateMachine(RuleBasedStateMachine):
    """One history. In a part of them nobody has hands in the storage, so that they go far."""

    history: History
    hands: Hands

    @initialize(
        circuits=st.sampled_from([2, 3]),
        begun=NUMBER,
        deployed=st.booleans(),
        hands=st.sampled_from(Hands),
        by_tokens=st.booleans(),
    )
    def begin(self, circuits: int, begun: int, deployed: bool, hands: Hands, by_tokens: bool) -> None:
        """The release is somewhere on its way, and a run of it starts."""
        points = honest_points(circuits, by_tokens and hands is not Hands.REWRITE)
        self.history = History(points[begun % len(points)].copy())
        self.history.start(deployed)
        self.hands = hands

    def safe(self, way: str) -> str:
        """The way to prove it, where it can hold."""
        return "token" if way == "fresh token" and self.hands is Hands.REWRITE else way

    @property
    def alive(self) -> bool:
        """Whether there is a run."""
        return bool(self.history.runs)

    @precondition(lambda self: len(self.history.runs) < 2)
    @rule(deployed=st.booleans())
    def start(self, deployed: bool) -> None:
        self.history.start(deployed)

    @precondition(lambda self: self.alive)
    @rule(which=FEW)
    def crash(self, which: int) -> None:
        self.history.crash(which)

    @precondition(lambda self: self.alive)
    @rule(which=FEW, points=st.integers(1, 8))
    def go_on(self, which: int, points: int) -> None:
        self.history.go_on(which, points)

    @precondition(lambda self: self.alive)
    @rule(which=FEW, points=st.integers(8, 40))
    def go_far(self, which: int, points: int) -> None:
        self.history.go_on(which, points)

    @precondition(lambda self: self.alive)
    @rule(which=FEW, name=st.sampled_from(APPROVERS), way=st.sampled_from(WAYS))
    def approve(self, which: int, name: str, way: str) -> None:
        self.history.go_on(which, 12)
        self.history.decide(which, name, self.safe(way), Choice.APPROVE, "")

    @precondition(lambda self: self.alive)
    @rule(which=FEW, way=st.sampled_from(WAYS))
    def approve_together(self, which: int, way: str) -> None:
        for name in APPROVERS:
            self.history.go_on(which, 12)
            self.history.decide(which, name, self.safe(way), Choice.APPROVE, "")

    @precondition(lambda self: self.alive)
    @rule(
        which=FEW,
        name=st.sampled_from((*APPROVERS, *NAMES)),
        way=st.sampled_from(WAYS),
        choice=st.sampled_from(Choice),
        comment=st.sampled_from(["because", "", " "]),
    )
    def decide(self, which: int, name: str, way: str, choice: Choice, comment: str) -> None:
        self.history.decide(which, name, self.safe(way), choice, comment)

    @precondition(lambda self: self.alive)
    @rule(which=FEW, name=st.sampled_from(["ivan", "ivan", "rhea", "ada"]), way=st.sampled_from(WAYS))
    def break_glass(self, which: int, name: str, way: str) -> None:
        self.history.go_on(which, 12)
        self.history.decide(which, name, self.safe(way), Choice.BREAK_GLASS, "an emergency")

    @precondition(lambda self: self.alive)
    @rule(
        which=FEW,
        name=st.sampled_from(FORGED),
        how=st.sampled_from(sorted(FORGERIES)),
        choice=PASSING,
        times=st.sampled_from([1, 1, 1, 5]),
    )
    def forge(self, which: int, name: str, how: str, choice: Choice, times: int) -> None:
        for _ in range(times):
            self.history.go_on(which, 6)
            self.history.forge(which, name, how, choice)

    @precondition(lambda self: self.alive)
    @rule(which=FEW, number=NUMBER, choice=PASSING)
    def use_again(self, which: int, number: int, choice: Choice) -> None:
        self.history.use_again(which, number, choice)

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        self.history.world.wait(seconds)

    @rule(edit=st.sampled_from(sorted(EDITS)))
    def edit_policy(self, edit: str) -> None:
        self.history.world.edit = edit

    @rule(vm_size=st.sampled_from(["Standard_DS3_v2", "Standard_E64_v5"]))
    def resize(self, vm_size: str) -> None:
        self.history.world.vm_size = vm_size

    @rule(name=st.sampled_from((*APPROVERS, *NAMES)), way=st.sampled_from(WAYS), enrolled_again=st.booleans())
    def revoke(self, name: str, way: str, enrolled_again: bool) -> None:
        self.history.revoke(name, way)
        if enrolled_again:
            self.history.enrol(name, way, anew=False)

    @rule(name=st.sampled_from(NAMES), way=st.sampled_from(WAYS), anew=st.booleans())
    def enrol(self, name: str, way: str, anew: bool) -> None:
        self.history.enrol(name, way, anew)

    @rule(name=st.sampled_from(NAMES), group=st.sampled_from(sorted(GROUPS)), joins=st.booleans())
    def change_members(self, name: str, group: str, joins: bool) -> None:
        members = self.history.world.approvers.groups[group]
        self.history.world.members(group, members | {name} if joins else members - {name})

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(which=NUMBER, leaf=NUMBER, value=NUMBER, anew=st.booleans())
    def edit_fact(self, which: int, leaf: int, value: int, anew: bool) -> None:
        self.history.account.honest = False
        meddling.edit(self.history.world, which, leaf, value, anew)

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(anew=st.booleans())
    def change_manifest(self, anew: bool) -> None:
        self.history.account.honest = False
        meddling.change_manifest(self.history.world, anew)

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(newest=st.integers(1, 8))
    def cut(self, newest: int) -> None:
        self.history.account.honest = False
        meddling.cut(self.history.world, newest)

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(which=NUMBER, anew=st.booleans())
    def remove(self, which: int, anew: bool) -> None:
        self.history.account.honest = False
        meddling.remove(self.history.world, which, anew)

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(which=NUMBER, where=NUMBER, anew=st.booleans())
    def double(self, which: int, where: int, anew: bool) -> None:
        self.history.account.honest = False
        meddling.double(self.history.world, which, where, anew)

    @precondition(lambda self: self.hands is Hands.REWRITE)
    @rule(one=NUMBER, other=NUMBER, anew=st.booleans())
    def swap(self, one: int, other: int, anew: bool) -> None:
        self.history.account.honest = False
        meddling.swap(self.history.world, one, other, anew)

    @precondition(lambda self: self.hands is not Hands.NO)
    @rule(which=NUMBER, relabelled=st.booleans(), anew=st.booleans())
    def replay(self, which: int, relabelled: bool, anew: bool) -> None:
        self.history.account.honest = False
        meddling.replay(self.history.world, which, relabelled, anew or self.hands is Hands.ADD)

    @precondition(lambda self: self.hands is not Hands.NO)
    @rule(which=NUMBER, name=st.none() | st.sampled_from(NAMES), choice=PASSING, now_proven=st.booleans())
    def invent_decision(self, which: int, name: str | None, choice: Choice, now_proven: bool) -> None:
        self.history.account.honest = False
        meddling.invent_decision(self.history.world, which, name, choice, now_proven)

    @precondition(lambda self: self.hands is not Hands.NO)
    @rule(kind=st.sampled_from(Kind), stage=st.sampled_from(["registry", "test", "production"]), passed=st.booleans())
    def append(self, kind: Kind, stage: str, passed: bool) -> None:
        self.history.account.honest = False
        meddling.append(self.history.world, kind, {"stage": stage, "passed": passed, "outcome": "SUCCEEDED"})

    @precondition(lambda self: self.hands is not Hands.NO)
    @rule(days=NUMBER)
    def ask_for_longer(self, days: int) -> None:
        self.history.account.honest = False
        meddling.ask_for_longer(self.history.world, days)

    def teardown(self) -> None:
        if hasattr(self, "history"):
            self.history.finish()
