"""Before a release is promoted: its blocks are there, what it would touch is its own, it changes something, and nothing newer goes."""

from collections.abc import Callable, Sequence

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.outcome import Outcome, ReleaseOutcome
from domain.promotion.next_step import passed
from domain.release.manifest import Release
from flows.promotion.changes import are_there, must_not_be_older, replaced
from flows.promotion.earlier_releases import begin, earlier_releases
from flows.promotion.preflight import check_blocks
from flows.stage.ownership import must_be_own
from tasks.ledger.facts import read_facts


def start(
    ledger: Ledger,
    workload: Workload,
    changed: ChangedCircuits,
    requested_by: str,
    stages: Sequence[Stage],
    older: bool,
    only: str | None = None,
    check: Callable[[], None] = lambda: None,
) -> Release | ReleaseOutcome:
    """The release of these models, new or under way; an outcome where nothing is left to do. Terminal with what speaks against it.

    stages: that it goes through now. older: also where it replaces models of later data. only: the stage to which a chosen version goes.
    check: what is asked besides before a new one is requested.
    """
    check_blocks(workload, stages)
    earlier = earlier_releases(ledger, changed, requested_by, only)
    if earlier.under_way is not None:
        _must_own_what_is_ahead(ledger, workload, earlier.under_way, stages, older)
        return earlier.under_way
    touched = (*(one for one in workload.registries if one not in stages), *stages)
    last = stages[-1]
    must_be_own(ledger, workload, [circuit.unit for circuit in changed.circuits], touched)
    there = replaced(workload, changed.circuits, last)
    if isinstance(last.target, ServingTarget):
        if are_there(ledger, changed, last, there, only):
            return _nothing_to_do(f"{last.name} serves exactly these models")
    elif earlier.done is not None:
        return _nothing_to_do(f"these circuits were released as {earlier.done}")
    if not older:
        must_not_be_older(changed.circuits, last, there)
    check()
    return begin(ledger, changed, requested_by, earlier, only)


def _must_own_what_is_ahead(
    ledger: Ledger, workload: Workload, release: Release, stages: Sequence[Stage], older: bool
) -> None:
    """Of a release under way: stages that it goes through now for the first time were not asked about."""
    facts = read_facts(ledger, release.workload, release.name)
    ahead = [stage for stage in stages if not passed(facts, stage)]
    must_be_own(ledger, workload, [unit.unit for unit in release.units], ahead)
    for stage in () if older else ahead[-1:]:
        must_not_be_older(release.units, stage, replaced(workload, release.units, stage))


def _nothing_to_do(why: str) -> ReleaseOutcome:
    return ReleaseOutcome(Outcome.SUCCEEDED, f"{why}; there is nothing left to do")
