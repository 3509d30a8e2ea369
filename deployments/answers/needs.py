"""What needs somebody, of a whole workload: gates that wait, releases that ended badly or are held, circuits that nothing serves."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from deployments.table import Table
from domain.promotion.release_state import ReleaseState, needing_somebody
from domain.release.hold import unhold_command
from domain.rollout.served import StageServed
from domain.text import listed
from domain.utc import utc_text


@dataclass(frozen=True)
class Need:
    """One thing that somebody has to look at. next: what to do about it."""

    what: str
    why: str
    next: str


def release_needs(workload: str, states: Sequence[ReleaseState]) -> tuple[Need, ...]:
    """Of releases, newest first: what waits, and what ended badly where no later release made up for it."""
    return tuple(need for state in needing_somebody(states) for need in _of_release(workload, state))


def stage_needs(workload: str, stages: Sequence[StageServed]) -> Iterator[Need]:
    """Of stages: what could not be read, circuits that nothing serves, and deployments that cannot serve."""
    doctor = f"`signalbox doctor --workload {workload}` says why"
    for one in stages:
        if one.fault:
            yield Need(f"stage {one.stage}", f"the versions that serve there cannot be read: {one.fault}", doctor)
        if one.nothing:
            why = f"nothing serves {len(one.nothing)} of {len(one.circuits)} circuits: {listed(one.nothing)}"
            yield Need(f"stage {one.stage}", why, f"release them; {doctor}")
        ill = [
            f"{served.circuit} is {served.state}" for served in one.circuits if served.deployment and not served.well
        ]
        if ill:
            why = f"{len(ill)} of {len(one.circuits)} deployments cannot serve: {listed(ill)}"
            yield Need(f"stage {one.stage}", why, f"roll back, or release again; {doctor}")


def needs_table(needs: Sequence[Need]) -> Table:
    """A row for each."""
    table = Table("needs somebody", "why", "what to do")
    for need in needs:
        table.add_row(need.what, need.why, need.next, style="red")
    return table


def needs_document(needs: Sequence[Need]) -> list[dict[str, str]]:
    """The same for programs."""
    return [asdict(need) for need in needs]


def release_counts(states: Sequence[ReleaseState]) -> str:
    """`releases that wait at a gate: 1; that ended badly or are held: 2`, of those that need somebody."""
    found = needing_somebody(states)
    waiting = sum(state.waits is not None for state in found)
    bad = len(found) - waiting
    return f"releases that wait at a gate: {waiting}; that ended badly or are held: {bad}"


def release_document(state: ReleaseState) -> dict[str, object]:
    """A release for programs."""
    waits = state.waits
    return {
        "release": state.release,
        "outcome": state.outcome,
        "reason": state.reason or None,
        "stage": state.stage or None,
        "last_fact": state.last_fact or None,
        "at": utc_text(state.at) if state.at else None,
        "circuits": len(state.circuits),
        "failed_circuits": state.failed,
        "rolled_back": state.rolled_back,
        "held": state.held or None,
        "quarantined": state.fault or None,
        "waits": {
            "stage": waits.stage,
            "gate": waits.gate,
            "missing": waits.missing,
            "answer_by": utc_text(waits.answer_by),
            "overdue": waits.overdue,
            "approved": waits.approved,
            "part_switched": waits.part_switched,
        }
        if waits
        else None,
    }


def _of_release(workload: str, state: ReleaseState) -> Iterator[Need]:
    what = f"release {state.release}"
    if state.waits is not None and not state.waits.approved:
        gate = state.waits
        until, missing = utc_text(gate.answer_by), "; ".join(gate.missing)
        if gate.overdue:
            yield Need(
                what,
                f"nobody decided at {gate.gate} of stage {gate.stage} before {until}: {missing}",
                "some circuits serve it already: start it again with the same parameters, and it rolls them back"
                if gate.part_switched
                else "release again; the flow `expire` closes this one within minutes, or `prefect deployment run expire/expire` does",
            )
        else:
            yield Need(
                what,
                f"waits at {gate.gate} of stage {gate.stage} until {until}: {missing}",
                f"decide: `signalbox approve {state.release} --workload {workload}`",
            )
    elif state.fault:
        yield Need(what, "in quarantine", state.fault)
    elif state.held:
        yield Need(
            what,
            f"{state}: {state.held}",
            f"release newer models, or end the hold: {unhold_command(state.release, workload)}",
        )
    else:
        yield Need(
            what,
            f"{state}: {state.reason or 'see its facts'}",
            f"fix that and release again; who decided what: `signalbox audit {state.release} --workload {workload}`",
        )
