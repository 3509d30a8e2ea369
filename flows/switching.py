"""All circuits of a stage switch, or none: the journal first, then every default, then the read-back. (A fleet moves as one.)"""

from collections.abc import Mapping
from concurrent.futures import CancelledError

from prefect import get_run_logger

from blocks.ledger import Ledger
from blocks.workspace import Workspace
from domain.errors import SignalboxError, StageLost, Transient
from domain.fact import Kind
from domain.fleet import Journal, last_journal, open_journal
from domain.release import Release
from tasks.batch_endpoints import serving_of, switch
from tasks.lease import HeldStage
from tasks.ledger import read_facts, record


def switch_fleet(
    ledger: Ledger,
    workspace: Workspace,
    workload: str,
    release: str,
    stage: str,
    held: HeldStage,
    after: Mapping[str, str],
) -> dict[str, str]:
    """Switch every endpoint, or go on with the switch that a run before this one began.

    after: endpoint → deployment. Returns endpoint → reason where it failed, and then all serve what they served before.
    Raises Transient where neither way could be gone to its end: the journal stays open, and the next run goes on.
    """
    journal = open_journal(read_facts(ledger, workload, release), stage)
    if journal is None:
        held.announce((release,))
        journal = Journal(stage=stage, before=serving_of(workspace, after), after=dict(after), fence=held.fence)
        write_journal(ledger, workload, release, journal, held)
    if not journal.back:
        failures = _carry_out(workspace, journal, held)
        if not failures:
            held.check()
            record(ledger, workload, release, Kind.SWITCHED, {"stage": stage, "after": journal.after})
            held.announce(())
            return {}
        journal = turn_back(ledger, workload, release, journal, held, _told(failures))
    finish_way_back(ledger, workspace, workload, release, journal, held)
    held.announce(())
    return {"the fleet": f"went back to what served before: {journal.reason}"}


def turn_back(ledger: Ledger, workload: str, release: str, journal: Journal, held: HeldStage, reason: str) -> Journal:
    """Write down that a switch is undone, before anything is."""
    back = journal.undone(reason, held.fence)
    write_journal(ledger, workload, release, back, held)
    return back


def finish_way_back(
    ledger: Ledger, workspace: Workspace, workload: str, release: str, journal: Journal, held: HeldStage
) -> None:
    """Switch back, last first; write down the hold, where there is one, and that it is done."""
    stuck = _carry_out(workspace, journal, held)
    if stuck:
        raise Transient(
            f"{journal.stage} is on its way back and not there ({journal.reason}); run the same command again. "
            f"These did not go back: {_told(stuck)}"
        )
    held.check()
    facts = read_facts(ledger, workload, release)
    if journal.hold and not any(fact.kind is Kind.HELD and fact.stage == journal.stage for fact in facts):
        record(ledger, workload, release, Kind.HELD, {"stage": journal.stage, "reason": journal.reason})
    body = {
        "stage": journal.stage,
        "reason": journal.reason,
        "after": journal.after,
        "passed_over": list(journal.passed_over),
    }
    record(ledger, workload, release, Kind.ROLLED_BACK, body)


def go_back(ledger: Ledger, workspace: Workspace, release: Release, stage: str, held: HeldStage, reason: str) -> None:
    """Undo the switch that this release has begun, if it has."""
    journal = open_journal(read_facts(ledger, release.workload, release.name), stage)
    if journal is None:
        return
    if not journal.back:
        journal = turn_back(ledger, release.workload, release.name, journal, held, reason)
    finish_way_back(ledger, workspace, release.workload, release.name, journal, held)
    held.announce(())


def settle(
    ledger: Ledger, workspace: Workspace, workload: str, stage: str, held: HeldStage, own: str | None = None
) -> frozenset[str]:
    """Undo what holders before us left half switched; the endpoints that went back, now or just before they died.

    own: the release that goes on with its own switch instead.
    """
    went_back: set[str] = set()
    for name in held.left:
        if name == own:
            continue
        facts = read_facts(ledger, workload, name)
        journal = open_journal(facts, stage)
        if journal is not None:
            get_run_logger().warning("Release %s was left half switched at %s; it goes back first", name, stage)
            if not journal.back:
                journal = turn_back(ledger, workload, name, journal, held, "the run that switched it ended on the way")
            finish_way_back(ledger, workspace, workload, name, journal, held)
        last = last_journal(facts, stage) if journal is None else journal
        if last is not None and last.back:
            went_back |= set(last.after)
    return frozenset(went_back)


def write_journal(ledger: Ledger, workload: str, release: str, journal: Journal, held: HeldStage) -> None:
    """Before anything is switched."""
    held.check()
    record(ledger, workload, release, Kind.JOURNAL, journal.model_dump(mode="json"))


def _carry_out(workspace: Workspace, journal: Journal, held: HeldStage) -> dict[str, str]:
    """Switch every endpoint side by side and read all defaults back; endpoint → why it does not serve what it should."""
    futures = {one.endpoint: switch.submit(workspace, held, one.endpoint, one.after) for one in journal.switches()}
    failures: dict[str, str] = {}
    for endpoint, future in futures.items():
        outcome = future.result(raise_on_failure=False)
        if isinstance(outcome, StageLost):
            raise outcome
        if isinstance(outcome, SignalboxError | CancelledError):
            failures[endpoint] = str(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    if failures:
        return failures
    return journal.differences(serving_of(workspace, journal.after))


def _told(failures: Mapping[str, str]) -> str:
    return "; ".join(f"{endpoint}: {reason}" for endpoint, reason in failures.items())
