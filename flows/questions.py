"""Which question a waiting form belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from blocks.ledger import Ledger
from domain.ask import statement_of
from domain.choice import Choice
from domain.errors import Terminal
from domain.fact import Fact, Kind, facts_of
from domain.statement import Statement
from tasks.ledger import readable_releases

SEARCHED = 50
"""Releases among which a question is looked for, newest first."""


@dataclass(frozen=True)
class Question:
    """What is asked: the fact that asked, and everything that is known of its release."""

    asked: Fact
    facts: tuple[Fact, ...]

    def statement(self, choice: Choice, approver: str, comment: str) -> Statement:
        """What an approver signs to answer it."""
        return statement_of(self.asked, choice, approver, comment)


def question_key(asked: Fact, attempt: int) -> str:
    """What Prefect keeps the answer under: it names the question, and the attempt at answering it."""
    return f"{asked.stage}-{asked.digest[-16:]}-{attempt}"


def question_of(ledger: Ledger, workloads: Sequence[str], key: str) -> Question:
    """The question that a form's key names; Terminal when none of the newest releases has asked it."""
    for workload in workloads:
        for _, facts in readable_releases(ledger, workload, SEARCHED):
            for asked in facts_of(facts, Kind.ASKED):
                if f"-{asked.digest[-16:]}-" in key:
                    return Question(asked, facts)
    raise Terminal(f"no release of {', '.join(workloads)} has asked what form {key} is about; decide in the Prefect UI")
