"""Which approval request a waiting form belongs to."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from blocks.ledger import Ledger
from domain.approval.request import statement_of
from domain.approval.statement import Choice, Statement
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release_name import NAME
from tasks.ledger.facts import read_facts, readable_releases
from tasks.ledger.pointers import DIGITS, asked_by
from tasks.ledger.stored_facts import QuarantinedError

SEARCHED = 50
"""Releases among which a request is looked for, newest first, where nothing says which made it."""
KEY = re.compile(rf".*-([0-9a-f]{{{DIGITS}}})-\d+")


@dataclass(frozen=True)
class PendingRequest:
    """What is asked: the fact that asked, and everything that is known of its release."""

    asked: Fact
    facts: tuple[Fact, ...]

    def statement(self, choice: Choice, approver: str, comment: str) -> Statement:
        """What an approver signs to answer it."""
        return statement_of(self.asked, choice, approver, comment)


def request_key(asked: Fact, attempt: int) -> str:
    """What Prefect keeps the answer under: it names the request, and the attempt at answering it."""
    return f"{asked.stage}-{asked.digest[-DIGITS:]}-{attempt}"


def pending_request(ledger: Ledger, workloads: Sequence[str], key: str) -> PendingRequest:
    """The request that a form's key names; Terminal when none of the newest releases has made it."""
    for workload in workloads:
        for facts in _looked_through(ledger, workload, key):
            for asked in facts_of(facts, Kind.ASKED):
                if f"-{asked.digest[-DIGITS:]}-" in key:
                    return PendingRequest(asked, facts)
    raise Terminal(
        f"no release of {', '.join(workloads)} has made the approval request of form {key}; decide in the Prefect UI"
    )


def _looked_through(ledger: Ledger, workload: str, key: str) -> Iterator[tuple[Fact, ...]]:
    """The release that asked, where that was kept, and then the newest ones."""
    named = KEY.fullmatch(key)
    release = asked_by(ledger, workload, named[1]) if named else None
    if release is not None and NAME.fullmatch(release):
        with suppress(QuarantinedError):
            yield read_facts(ledger, workload, release)
    for _, facts in readable_releases(ledger, workload, SEARCHED):
        yield facts
