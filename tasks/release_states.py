"""How releases of a workload stand, by the ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime

from blocks.ledger import Ledger
from domain.approval.approvers import EnrolledApprovers
from domain.declaration.gate import Gate
from domain.declaration.workload import Workload
from domain.ledger.fact import Fact
from domain.promotion.release_state import ReleaseState, quarantined, release_state
from tasks.approval.approvers import approvers_of
from tasks.ledger.facts import read_facts, release_names
from tasks.ledger.stored_facts import QuarantinedError

LOOKED_AT = 20
"""Newest releases; what is older and still serves is said by the stages."""


def newest_states(ledger: Ledger, workload: Workload) -> tuple[ReleaseState, ...]:
    """Of the newest releases, newest first."""
    return release_states(ledger, workload, release_names(ledger, workload.name)[:LOOKED_AT])


def release_states(ledger: Ledger, workload: Workload, names: Sequence[str]) -> tuple[ReleaseState, ...]:
    """Of the releases of these names that are there."""
    found: list[ReleaseState] = []
    for name in names:
        try:
            facts = read_facts(ledger, workload.name, name)
        except QuarantinedError as error:
            found.append(quarantined(name, str(error)))
            continue
        if facts:
            found.append(_state(workload, facts))
    return tuple(found)


def _state(workload: Workload, facts: tuple[Fact, ...]) -> ReleaseState:
    def approvers(gate: Gate) -> EnrolledApprovers:
        return approvers_of(gate, facts)

    return release_state(facts, workload.stages, approvers, datetime.now(UTC))
