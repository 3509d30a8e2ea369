"""Before a release is promoted: its blocks are there, what it would touch is its own, it changes something, and nothing newer goes."""

from collections.abc import Callable, Sequence

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.declaration.workload import Workload
from domain.promotion.next_step import passed
from domain.release.manifest import Release
from flows.promotion.changes import are_there, must_not_be_older, replaced
from flows.promotion.manifest import AlreadyReleased, begin
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
) -> Release:
    """The release of these models, new or under way. AlreadyReleased where the last stage serves them; Terminal with what speaks against it.

    stages: that it goes through now. older: also where it replaces models of later data. only: the stage to which a chosen version goes.
    check: what is asked besides before a new one is requested.
    """
    check_blocks(workload, stages)
    touched = (*(one for one in workload.registries if one not in stages), *stages)
    units, last = [circuit.unit for circuit in changed.circuits], stages[-1]

    def first(done: str | None) -> None:
        must_be_own(ledger, workload, units, touched)
        there = replaced(workload, changed.circuits, last)
        serves = isinstance(last.target, ServingTarget)
        if done is not None and not serves:
            raise AlreadyReleased(f"these circuits were released as {done}; there is nothing left to do")
        if serves and are_there(ledger, changed, last, there, only):
            raise AlreadyReleased(f"{last.name} serves exactly these models; there is nothing left to do")
        if not older:
            must_not_be_older(changed.circuits, last, there)
        check()

    release = begin(ledger, changed, requested_by, only, first)
    facts = read_facts(ledger, release.workload, release.name)
    if (
        len(facts) > 1
    ):  # one that was under way: stages that it goes through now for the first time were not asked about
        ahead = [stage for stage in stages if not passed(facts, stage)]
        must_be_own(ledger, workload, units, ahead)
        for stage in () if older else ahead[-1:]:
            must_not_be_older(release.units, stage, replaced(workload, release.units, stage))
    return release
