"""A random history: what people, time, crashes and attackers do to a release, and whether a switch was ever unapproved."""

import json
from collections import Counter
from datetime import datetime

from account import KINDS, Account, closed, takes
from cast import WAYS, Person
from forgeries import FORGERIES, WRONG_CODES
from honest_history import Point, answer
from raw_ledger import digest
from release_run import ReleaseRun
from weighing import Answer, InvalidProof

from domain.approval.decision import Decision
from domain.approval.proofs.one_time_code import CodeGenerator, CodeProof
from domain.approval.request import ApprovalRequest, statement_of
from domain.approval.statement import Choice
from domain.declaration.stage import Stage
from domain.errors import Terminal
from domain.release.manifest import Release

TICK = 7
"""Seconds that everything takes."""
SEEN: Counter[str] = Counter()
"""What happened in all histories of this process."""


class UnapprovedError(AssertionError):
    """Something was done that people had not approved."""


class NeedlessRefusalError(AssertionError):
    """Something was not done, and nothing spoke against it."""


class History:
    """What the state machine's rules do. runs: those that are alive, or have ended."""

    def __init__(self, point: Point) -> None:
        self.world, self.account = point.world, point.account
        self.runs: list[ReleaseRun] = []
        self.generation: dict[str, int] = {}
        self.used: list[tuple[str, str]] = []
        self.typed: set[str] = set()
        self.switched = False

    def start(self, deployed: bool) -> None:
        """One more run of the same release."""
        self.runs.append(ReleaseRun(self.world, self.watch, deployed))

    def go_on(self, which: int, points: int) -> None:
        """A run goes on by some points."""
        self.runs[which % len(self.runs)].go_on(points)
        self.world.wait(TICK)

    def crash(self, which: int) -> None:
        """A run is no more."""
        del self.runs[which % len(self.runs)]

    def person(self, name: str) -> Person:
        """With the keys that they have now."""
        return Person(name, self.generation.get(name, 0))

    def decide(self, which: int, name: str, way: str, choice: Choice, comment: str) -> None:
        """Somebody decides, by the form that a run shows, and proves that it is they."""
        run = self.runs[which % len(self.runs)]
        if run.waiting is None or self.world.now >= ApprovalRequest.model_validate(run.waiting.body).answer_by:
            return
        person = self.person(name)
        before = len(self.account.acts)
        expected = run.stage is not None and self.acceptable(run.stage, person, way, choice, comment)
        given = answer(Point(self.world, self.account), run.waiting, person, way, choice, comment)
        assert len(self.account.acts) == before + 1
        outcome = self._send(run, given)
        if expected and isinstance(outcome, InvalidProof):
            raise NeedlessRefusalError(f"{name} could decide {choice} by {way}, and was refused: {outcome.reason}")
        if isinstance(outcome, Decision):
            SEEN[f"taken: {choice} by {way}"] += 1
        if outcome is not None:  # whoever reads it on the server has it, taken or not
            self.used.append((name, given.proof))

    def forge(self, which: int, name: str, how: str, choice: Choice) -> None:
        """Somebody else types something into the form, under this name."""
        run = self.runs[which % len(self.runs)]
        if run.waiting is None or run.stage is None:
            return
        comment = "an emergency" if choice is Choice.BREAK_GLASS else ""
        statement = statement_of(run.waiting, choice, name, comment)
        person = self.person(name)
        guessed = how in WRONG_CODES and self.acceptable(run.stage, person, "code", choice, comment)
        proof = FORGERIES[how](person, statement, self.world.now)
        outcome = self._send(run, Answer(choice, name, proof, comment))
        if isinstance(outcome, Decision):
            raise UnapprovedError(f"{how} was taken for {name}'s word")
        if guessed and isinstance(outcome, InvalidProof) and not outcome.wrong_code:
            raise UnapprovedError(f"{how} under {name}'s name is not counted as a guess: {outcome.reason}")
        SEEN[f"refused: {how}"] += outcome is not None

    def use_again(self, which: int, number: int, choice: Choice) -> None:
        """A code, signature or token that somebody used, taken or not, is typed once more for a decision of another wording."""
        run = self.runs[which % len(self.runs)]
        if run.waiting is None or not self.used:
            return
        name, proof = self.used[number % len(self.used)]
        outcome = self._send(run, Answer(choice, name, proof, f"again {number}"))
        if isinstance(outcome, Decision):
            raise UnapprovedError(f"a proof of {name}'s was taken twice")
        SEEN["refused: used again"] += outcome is not None

    def _send(self, run: ReleaseRun, given: Answer) -> Decision | InvalidProof | None:
        """What the run makes of it; None when it takes it no more, or another one that came before."""
        run.taken = None
        now = self.world.now
        self.typed.add(given.proof)
        run.answer(given)
        run.go_on()
        self.world.wait(TICK)
        if run.taken is not None:
            self._watch_codes(*run.taken, now)
        return run.taken[1] if run.taken is not None and run.taken[0] is given else None

    def _watch_codes(self, given: Answer, outcome: Decision | InvalidProof, now: datetime) -> None:
        """Count wrong codes; no code is taken where so many came."""
        person = self.world.approvers.person(given.approver)
        generators = [one for one in person.credentials if isinstance(one, CodeGenerator)] if person else []
        if isinstance(outcome, Decision):
            if isinstance(outcome.proof, CodeProof) and self.account.is_locked(outcome.proof.credential, now):
                raise UnapprovedError(f"a code of {given.approver}'s was taken though somebody may have guessed it")
        elif outcome.wrong_code:
            for generator in generators:
                self.account.guessed.setdefault(generator.id, []).append(now)
        else:
            SEEN["refused: locked"] += "accepts no code" in outcome.reason

    def acceptable(self, stage: Stage, person: Person, way: str, choice: Choice, comment: str) -> bool:
        """Whether nothing that the account knows speaks against this answer now; False where it does not know all."""
        account, gate, now = self.account, stage.gate, self.world.now
        credential = person.credential(way).id
        if gate is None or not self._plain(stage.name):
            return False
        again = any(
            (act.person, act.said["stage"]) == (person.name, stage.name) or way == "code" == act.credential[:4]
            for act in account.acts
            if act.person == person.name
        )
        return not (
            again
            or (choice is Choice.APPROVE and closed(gate, now))
            or (way == "code" and account.is_locked(credential, now) is not False)
            or (way == "code" and person.code(now) in self.typed)
            or account.may_not(person.name, choice, comment, gate, self.world.approvers.groups)
            or not account.usable(credential, account.tick + 1)
            or not takes(gate, credential, choice)
        )

    def watch(self, what: str, stage: Stage, release: Release) -> None:
        """A run is about to do something: is it what people approved?"""
        passing = what not in {"wait", "refuse"}
        try:
            account, texts = self.account if passing else self._recorded(), self.world.facts.texts()
            reasons = account.against(stage, release, texts, self.world.approvers.groups, self.world.now)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            reasons = [f"the storage makes no sense: {error!r}"]  # raised below, where no run can take it for its own
        if passing:
            if reasons:
                raise UnapprovedError(f"{what} of {release.name} at {stage.name}, and {'; '.join(reasons)}")
            self.switched |= (what, stage.name) == ("switch", "production")
            SEEN[f"{what} {stage.name}{'' if self.account.honest else ' after tampering'}"] += 1
        elif not reasons and self._plain(stage.name):
            raise NeedlessRefusalError(f"it is to {what} at {stage.name}, and nothing speaks against it")

    def _plain(self, stage: str) -> bool:
        """Whether nobody touched the storage, and the stage's request was made once: then the account knows all."""
        stored = [json.loads(text) for text in self.world.facts.texts()] if self.account.honest else []
        return sum((fact["kind"], fact["body"].get("stage")) == ("asked", stage) for fact in stored) == 1

    def _recorded(self) -> Account:
        """The account, of those decisions only that were written down: a crash may lose one before."""
        stored = [json.loads(text) for text in self.world.facts.texts()]
        bodies = [fact["body"] for fact in stored if fact["kind"] == "decided"]
        taken = {(digest(body["statement"]), body["proof"]["kind"]) for body in bodies}
        account = self.account.copy()
        account.acts = [
            act for act in account.acts if (digest(act.said), KINDS[act.credential.partition(":")[0]]) in taken
        ]
        return account

    def finish(self) -> None:
        """Whoever is left, a run goes on with what there is."""
        self.start(deployed=True)
        for _ in range(60):
            self.runs[-1].go_on()
            self.world.wait(1)
            if self.runs[-1].over or self.runs[-1].waiting is not None:
                break
        SEEN["histories with tampering"] += not self.account.honest
        SEEN["histories that switched production"] += self.switched

    def revoke(self, name: str, way: str) -> None:
        """A credential of theirs counts no more."""
        credential = self.person(name).credential(way).id
        self.world.enrol(self.world.approvers.people[name].revoking(credential, self.world.now))
        self.account.revoked.setdefault(credential, []).append(self.account.note())

    def enrol(self, name: str, way: str, anew: bool) -> None:
        """They enrol a credential; anew: one that they did not have before, where that is possible."""
        self.world.wait(TICK)
        if anew:
            self.generation[name] = self.generation.get(name, 0) + 1
        for one in WAYS if anew else (way,):
            credential = self.person(name).credential(one, self.world.now)
            try:
                self.world.enrol(self.world.approvers.people[name].with_credential(credential))
            except Terminal:
                SEEN["refused: a revoked key enrolled again"] += 1
                continue
            if not self.account.usable(credential.id, self.account.tick + 1):
                self.account.enrolled[credential.id] = self.account.note()
