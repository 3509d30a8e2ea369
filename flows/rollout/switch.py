"""All circuits of a wave switch, or none: the journal first, then every default, the read-back, the confirmation. (Seed 002.)"""

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError

from prefect import get_run_logger

from domain.errors import SignalboxError, StageLost, Terminal, Transient
from domain.ledger.fact import Kind, facts_of
from domain.release.failed_units import failed_units
from domain.release.manifest import requested_release
from domain.rollout.switch import (
    Journal,
    is_part_switched,
    last_journal,
    open_journal,
    rollback_journal,
    switched_endpoints,
)
from domain.text import listed_reasons
from flows.fan_out.each import map_units
from flows.stage.stage_run import ServingRun
from tasks.ledger.holds import hold_models
from tasks.targets.platform import switch
from tasks.targets.serving import serving_of, unready

MOST_SHOWN = 5


def switch_fleet(
    at: ServingRun,
    after: Mapping[str, str],
    circuits: Mapping[str, str],
    alone: bool,
    confirm: Callable[[Journal], dict[str, str]],
    wave: Callable[[], Mapping[str, object]],
) -> dict[str, str]:
    """Switch every endpoint, or go on with the switch that a run before this one began.

    after: endpoint → deployment. circuits: endpoint → circuit. alone: a circuit that fails is rolled back by itself. confirm:
    asked once all have switched; endpoint → why it has to be rolled back. wave: what is written down with the switch, asked
    once it is done. Returns what failed, and why; then all went back, unless there was nothing to roll back to. Raises
    Transient where neither way could be gone to its end: the journal stays open, and the next run goes on.
    """
    facts = at.facts()
    journal = open_journal(facts, at.stage) or _begin(at, after, alone)
    if strangers := sorted(set(journal.after) - circuits.keys()):
        raise Terminal(
            f"the switch of release {at.release} at {at.stage} has begun with {', '.join(strangers[:MOST_SHOWN])}, which are no longer circuits' "
            "endpoints: names were changed meanwhile, by a prefix, a suffix or a circuit's name. Put the names back until "
            "this release has ended"
        )
    failed = failed_units(facts)
    gone = {one: failed[circuits[one]] for one in journal.after if circuits[one] in failed}
    if not journal.back and gone.keys() - journal.dropped.keys():  # failed since the switch began
        journal = journal.dropping(gone, at.held.fence)
        write_journal(at, journal)
    while not journal.back:
        failures = _carry_out(at, journal)
        switched = not failures
        if switched:
            failures = confirm(journal)
        if not failures:
            new = {circuits[name]: why for name, why in journal.dropped.items() if circuits[name] not in failed}
            if new:
                at.write(Kind.DROPPED, {"units": new})
            going = {name: to for name, to in journal.after.items() if name not in journal.dropped}
            at.write(Kind.SWITCHED, {"after": going, **wave()})
            at.held.announce(())
            return {}
        journal = _after_failures(at, journal, failures, hold=switched)
        if switched and journal.back and (gone := unready(at.platform, journal.after)):
            return _stays(at, journal, gone, wave())
        write_journal(at, journal)
    finish_rollback(at, journal)
    at.held.announce(())
    return {"the fleet": f"rolled back to what served before: {journal.reason}"}


def _begin(at: ServingRun, after: Mapping[str, str], alone: bool) -> Journal:
    at.held.announce((at.release,))
    journal = Journal(
        stage=at.stage,
        before=serving_of(at.platform, after),
        after=dict(after),
        fence=at.held.fence,
        alone=alone,
        place=at.place,
    )
    write_journal(at, journal)
    return journal


def _after_failures(at: ServingRun, journal: Journal, failures: Mapping[str, str], hold: bool) -> Journal:
    """What is to be done about them: those endpoints are rolled back alone, or all are."""
    stuck = {name: reason for name, reason in failures.items() if name in journal.dropped}
    if stuck:
        raise Transient(
            f"{at.stage}: rollback incomplete; run the same command again to continue. {listed_reasons(stuck)}"
        )
    served = switched_endpoints(at.facts(), at.stage)
    if journal.alone and (served or len(journal.dropped) + len(failures) < len(journal.after)):
        return journal.dropping(failures, at.held.fence)
    return rollback_journal(at.facts(), at.stage, listed_reasons(failures), at.held.fence, hold)


def _stays(at: ServingRun, back: Journal, gone: Mapping[str, str], wave: Mapping[str, object]) -> dict[str, str]:
    """Nothing to roll back to: it is written down as it is, held, and people have to choose."""
    reason = (
        f"{back.reason}. It still serves the new release, because there is nothing to roll back to: {listed_reasons(gone)}. "
        f"Choose a version with `signalbox deploy-version PLANT/CIRCUIT VERSION --stage {at.stage} --workload {at.workload}`"
    )
    _hold(at, back, reason)
    at.write(Kind.SWITCHED, {"after": back.before, **wave, "unconfirmed": reason})
    at.held.announce(())
    return {"the fleet": reason}


def _hold(at: ServingRun, journal: Journal, reason: str) -> None:
    """The models first: they are met wherever they come again, also when this ends before the release's own fact."""
    facts = at.facts()
    by_hand = not facts_of(facts, Kind.REQUESTED)
    requested = () if by_hand else requested_release(facts).units
    units = [unit for unit in requested if at.platform.endpoint(unit.unit) in journal.after]
    hold_models(at.ledger, at.workload, at.release, at.stage, units, reason)
    at.once(Kind.HELD, {"reason": reason})


def finish_rollback(at: ServingRun, journal: Journal) -> None:
    """Switch back, last first; write down the hold, where there is one, and that it is done."""
    stuck = _carry_out(at, journal)
    if stuck:
        raise Transient(
            f"{journal.stage}: the rollback did not finish ({journal.reason}); run the same command again to continue. "
            f"Not rolled back: {listed_reasons(stuck)}"
        )
    if journal.hold:
        _hold(at, journal, journal.reason)
    body = {"reason": journal.reason, "after": journal.after, "passed_over": list(journal.passed_over)}
    at.write(Kind.ROLLED_BACK, body)


def roll_back(at: ServingRun, reason: str, alone: bool) -> None:
    """Undo what this release has begun to switch at the stage, if it has: all its waves, too, unless circuits move alone."""
    facts = at.facts()
    journal = open_journal(facts, at.stage)
    if journal is None and (alone or not is_part_switched(facts, at.stage)):
        return
    if journal is None or not journal.back:
        back = rollback_journal(facts, at.stage, reason, at.held.fence)
        journal = back if journal is not None else _still_ours(at, back)
        at.held.announce((at.release,))
        write_journal(at, journal)
    finish_rollback(at, journal)
    at.held.announce(())


def _still_ours(at: ServingRun, back: Journal) -> Journal:
    """Without what somebody else has switched since: the stage was free while its waves soaked."""
    serving = serving_of(at.platform, back.after)
    ours = {endpoint for endpoint, deployment in back.before.items() if serving[endpoint] == deployment}
    return back.model_copy(
        update={
            "before": {endpoint: to for endpoint, to in back.before.items() if endpoint in ours},
            "after": {endpoint: to for endpoint, to in back.after.items() if endpoint in ours},
        }
    )


def finish_interrupted_switches(at: ServingRun, own: str | None = None) -> frozenset[str]:
    """Undo what holders before us left half switched; the endpoints that were rolled back, now or just before those holders died.

    own: the release that goes on with its own switch instead.
    """
    rolled_back: set[str] = set()
    for name in at.held.left:
        if name == own:
            continue
        theirs = at.about(name)
        facts = theirs.facts()
        journal = open_journal(facts, at.stage)
        if journal is not None:
            get_run_logger().warning("Release %s was left half switched at %s; it is rolled back first", name, at.stage)
            if not journal.back:
                journal = rollback_journal(facts, at.stage, "the run that was switching it ended midway", at.held.fence)
                write_journal(theirs, journal)
            finish_rollback(theirs, journal)
        last = last_journal(facts, at.stage) if journal is None else journal
        if last is not None and last.back:
            rolled_back |= set(last.after)
    return frozenset(rolled_back)


def write_journal(at: ServingRun, journal: Journal) -> None:
    """Before anything is switched."""
    at.write(Kind.JOURNAL, journal.model_dump(mode="json"))


def _carry_out(at: ServingRun, journal: Journal) -> dict[str, str]:
    """Switch every endpoint side by side and read all defaults back; endpoint → why it does not serve what it should.

    Terminal where the stage is another by now: what has the same names there is not what was switched.
    """
    if journal.place is not None and not journal.place.holds(at.place):
        raise Terminal(
            f"the switch of release {at.release} at {at.stage} has begun in {journal.place}, and the block of the stage's target points to "
            f"{at.place} by now, so nothing is switched. Point it back until this release has ended"
        )
    calls = {one.endpoint: (at.platform, at.held, one.endpoint, one.after) for one in journal.switches()}
    failures: dict[str, str] = {}
    outcomes = map_units(switch, calls, f"{'switch back' if journal.back else 'switch'} at {at.stage}")
    for endpoint, outcome in outcomes.items():
        if isinstance(outcome, StageLost):
            raise outcome
        if isinstance(outcome, SignalboxError | CancelledError):
            failures[endpoint] = str(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    if failures:
        return failures
    return journal.differences(serving_of(at.platform, journal.after))
