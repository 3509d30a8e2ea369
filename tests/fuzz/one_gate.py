"""One release at one gate, for tests that change one thing: ask, decide, judge."""

from datetime import datetime, timedelta
from typing import Any

import declared_stages
from cast import Person, approvers
from stored_facts import StoredFacts
from weighing import prove
from world import World

from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision
from domain.approval.request import ApprovalRequest, statement_of
from domain.approval.statement import Choice, Statement
from domain.approval.verdict import GateVerdict, judge, why_not
from domain.declaration.gate import Gate
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release

REPORT = "sha256:" + "d" * 64
MINUTE = timedelta(minutes=1)


class OneGate:
    """The release was requested at noon. Every fact comes a minute after the one before, unless `now` is set."""

    def __init__(self, stage: str = "production", edit: str = "as agreed", **gate: Any) -> None:
        self.stage: Stage = next(one for one in declared_stages.stages(edit) if one.name == stage)
        if gate:
            self.declare(**gate)
        self.release: Release = declared_stages.manifest()
        self.approvers: EnrolledApprovers = approvers()
        self.stored = StoredFacts()
        self.now: datetime = declared_stages.START
        self.add(Kind.REQUESTED, {"release": self.release.model_dump(mode="json"), "digest": self.release.digest})

    def declare(self, **gate: Any) -> None:
        """Edit the gate's declaration."""
        known = self.stage.gate.model_dump(mode="json") if self.stage.gate is not None else {}
        self.stage = self.stage.model_copy(update={"gate": Gate.model_validate({**known, **gate})})

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All that was recorded."""
        return self.stored.read()

    def add(self, kind: Kind, body: dict[str, Any]) -> Fact:
        """Record a fact, now; then a minute passes."""
        fact = self.stored.record(self.release, kind, self.now, body)
        self.now += MINUTE
        return fact

    def ask(self, **changes: Any) -> Fact:
        """Open the request; any part of it can be given."""
        request = ApprovalRequest.of(self.release, self.stage, REPORT, self.now, "run").model_copy(update=changes)
        return self.add(Kind.ASKED, request.model_dump(mode="json"))

    def statement(self, name: str, choice: Choice = Choice.APPROVE, comment: str = "", **changes: Any) -> Statement:
        """What is signed to answer the newest request."""
        asked = [fact for fact in self.facts if fact.kind is Kind.ASKED][-1]
        return statement_of(asked, choice, name, comment).model_copy(update=changes)

    def decision(self, statement: Statement, way: str = "ssh") -> Decision:
        """Really proven by whoever the statement names, now."""
        typed = Person(statement.approver).proof(way, statement, self.now)
        decision = prove(World(now=self.now, approvers=approvers()), statement, typed)
        assert isinstance(decision, Decision), decision
        return decision

    def decide(self, name: str, choice: Choice = Choice.APPROVE, comment: str = "", way: str = "ssh") -> Fact:
        """Answer the newest request."""
        return self.keep(self.decision(self.statement(name, choice, comment), way))

    def keep(self, decision: Decision, **changes: Any) -> Fact:
        """Record a decision; any part of it can be given."""
        return self.add(Kind.DECIDED, decision.model_copy(update=changes).model_dump(mode="json"))

    def approved(self, *names: str) -> "OneGate":
        """Asked, and approved by these."""
        self.ask()
        for name in names:
            self.decide(name)
        return self

    def judge(self, now: datetime | None = None) -> GateVerdict:
        """What the gate says."""
        return judge(self.stage, self.release, self.facts, self.approvers, now or self.now)

    def why_not(self, name: str, choice: Choice = Choice.APPROVE, comment: str = "") -> tuple[str, ...]:
        """What speaks against an answer now."""
        return why_not(
            self.statement(name, choice, comment), self.stage, self.release, self.facts, self.approvers, self.now
        )
