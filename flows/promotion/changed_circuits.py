"""What training handed over, as a release reads it."""

from prefect import runtime

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import BUILD, FILE, ChangedCircuits, changed_path
from domain.declaration.workload import Workload
from domain.errors import InvalidDeclaration
from tasks.ledger.facts import read_document
from tasks.ledger.pointers import keep_taken_up, taken_up


def changed_circuits_of(ledger: Ledger, workload: Workload, build: str | None) -> ChangedCircuits:
    """What training handed over in a build, or in the newest; checked whole before anything is touched.

    Content is not taken: whoever may start a run could write any metrics into it.
    """
    if build is not None and not BUILD.fullmatch(build):
        raise InvalidDeclaration(
            [
                f"changed_circuits: give the id of a build, under which training keeps its {FILE} beside the ledger, not content; "
                "leave it out for the newest"
            ]
        )
    known = {unit: workload.model_name(unit) for unit in workload.units}
    changed = ChangedCircuits.parse(_content(ledger, workload.name, build), known)
    if changed.workload != workload.name:
        raise InvalidDeclaration(
            [f"{FILE}: workload: is {changed.workload!r}, but {workload.name!r} is to be released"]
        )
    return changed


def _content(ledger: Ledger, workload: str, build: str | None) -> str:
    """A build's; or the newest, which stays the one for this run: a run that was suspended begins at the top, and newer ones may be there."""
    if build is not None:
        return read_document(ledger, changed_path(workload, build))
    run = str(runtime.flow_run.id or "")
    before = taken_up(ledger, workload, run) if run else None
    if before is not None:
        return before
    newest = read_document(ledger, changed_path(workload))
    if run:
        keep_taken_up(ledger, workload, run, newest)
    return newest
