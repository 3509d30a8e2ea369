"""How a release begins: its manifest is the first fact, and asking again finds it there."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.changed_circuits import BUILD, FILE, ChangedCircuit, ChangedCircuits, changed_path
from domain.errors import InvalidDeclaration, Terminal
from domain.fact import Fact, Kind, facts_of
from domain.hold import hold_of
from domain.outcome import Outcome
from domain.release import Release, next_name
from domain.requested import requested_release
from domain.stage import Stage
from domain.suggestion import listed
from domain.target import ServingTarget
from domain.workload import Workload
from tasks.holds import holds_on
from tasks.incumbents import incumbents_of
from tasks.ledger import read_document, readable_releases, record, release_names
from tasks.platforms import platform_of


class AlreadyReleased(Terminal):
    """Exactly these models were released, or serve: nothing is left to do."""


MOST_SHOWN = 5
LOOKED_BACK = 20
"""Releases among which one of the same models is looked for."""
ONLY = "only"
"""Key of a release's request: the one stage to which a chosen version goes."""


def changed_circuits_of(ledger: Ledger, workload: Workload, build: str | None) -> ChangedCircuits:
    """What training handed over in a build, or in the newest; checked whole before anything is touched.

    Content is not taken: whoever may start a run could write any metrics into it.
    """
    if build is not None and not BUILD.fullmatch(build):
        raise InvalidDeclaration(
            [
                f"changed_circuits: takes the id of a build, under which training keeps its {FILE} beside the ledger, and no content; "
                "leave it out for the newest"
            ]
        )
    known = {unit: workload.model_name(unit) for unit in workload.units}
    changed = ChangedCircuits.parse(read_document(ledger, changed_path(workload.name, build)), known)
    if changed.workload != workload.name:
        raise InvalidDeclaration(
            [f"{FILE}: workload: is {changed.workload!r}, and {workload.name!r} is to be released"]
        )
    return changed


def under_way(ledger: Ledger, changed: ChangedCircuits, stage: str | None = None) -> Release | None:
    """The release of these models that has not ended, whatever build handed them over; None when there is none.

    stage: the one to which a chosen version goes; None for all. Raises AlreadyReleased when this very build succeeded, Terminal when
    its release was rolled back and is held.
    """
    for name, facts in readable_releases(ledger, changed.workload, LOOKED_BACK):
        if not facts or facts[0].kind is not Kind.REQUESTED:
            continue
        same_build = facts[0].body.get("changed_digest") == changed.digest
        outcome = outcome_of(facts)
        if outcome is None and (same_build or _is_of(facts, changed, stage)):
            get_run_logger().info("Release %s of these models is under way; it goes on where it stopped.", name)
            return requested_release(facts)
        if not same_build:
            continue
        hold = hold_of(facts)
        if hold is not None:
            raise Terminal(
                f"release {name} of these circuits is held at {hold.stage}: {hold.body.get('reason')}. Release newer models, or "
                f"end the hold with `signalbox unhold {name}`, and then release these again"
            )
        if outcome is Outcome.SUCCEEDED and not facts_of(facts, Kind.ROLLED_BACK):
            raise AlreadyReleased(f"these circuits were released as {name}; there is nothing left to do")
    return None


def _is_of(facts: Sequence[Fact], changed: ChangedCircuits, stage: str | None) -> bool:
    """Whether a release is of exactly these models, to the same place."""
    if facts[0].body.get(ONLY) != stage:
        return False
    ours, theirs = ({_model(unit) for unit in units} for units in (changed.circuits, requested_release(facts).units))
    return ours == theirs


def _model(unit: ChangedCircuit) -> tuple[str, str, str, str]:
    return str(unit.unit), unit.model_name, unit.model_version, unit.model_digest


def begin(ledger: Ledger, changed: ChangedCircuits, requested_by: str, stage: str | None = None) -> Release:
    """A new release of these circuits, requested in the ledger; Terminal when any of the models was rolled back and is held.

    stage: the only one that it goes to.
    """
    _refuse_held(ledger, changed)
    now = datetime.now(UTC)
    release = Release.of(changed, next_name(now.date(), release_names(ledger, changed.workload)), now, requested_by)
    request(ledger, release, changed.digest, stage)
    return release


def must_change_something(workload: Workload, changed: ChangedCircuits, stage: Stage, older: bool) -> None:
    """AlreadyReleased when the stage serves exactly these models; Terminal when it serves any of later data, unless that is wanted."""
    if not isinstance(stage.target, ServingTarget):
        return
    serving = incumbents_of(platform_of(workload, stage.target), [unit.unit for unit in changed.circuits])
    there = [(unit, serving.get(unit.unit)) for unit in changed.circuits]
    if all(one is not None and one.version == unit.model_version for unit, one in there):
        raise AlreadyReleased(f"{stage.name} serves exactly these models; there is nothing left to do")
    newer = [
        f"{unit.unit} serves {one.name}, trained on data up to {one.cutoff}"
        for unit, one in there
        if one and one.is_newer_than(unit)
    ]
    if newer and not older:
        more = f" and {len(newer) - MOST_SHOWN} more" if len(newer) > MOST_SHOWN else ""
        raise Terminal(
            f"{len(newer)} of these models would replace one of later data at {stage.name}: {'; '.join(newer[:MOST_SHOWN])}{more}. To go "
            "back, use `signalbox rollback`; to release older ones all the same, say so with --older (`older` of the flow)"
        )


def _refuse_held(ledger: Ledger, changed: ChangedCircuits) -> None:
    """Whatever build hands them over, and however long ago they went back."""
    held = [
        one
        for one in holds_on(ledger, changed.workload, {unit.model_digest for unit in changed.circuits})
        if one.lifted is None
    ]
    if held:
        releases = listed(dict.fromkeys(f"`signalbox unhold {one.release}`" for one in held))
        raise Terminal(
            f"{len(held)} of these models are held: {'; '.join(str(one) for one in held[:MOST_SHOWN])}. Release newer models, or "
            f"end the hold with {releases}, and then release these again"
        )


def request(ledger: Ledger, release: Release, changed_digest: str, stage: str | None = None) -> None:
    """Write the manifest down as the release's first fact."""
    body = {"release": release.model_dump(mode="json"), "digest": release.digest, "changed_digest": changed_digest}
    if stage is not None:
        body[ONLY] = stage
    fact = record(ledger, release.workload, release.name, Kind.REQUESTED, body)
    if fact.sequence != 0:
        raise Terminal(f"release {release.name} was begun by somebody else at the same moment; run it again")


def outcome_of(facts: tuple[Fact, ...]) -> Outcome | None:
    """How the release ended; None while it is under way."""
    ended = facts_of(facts, Kind.ENDED)
    return Outcome(ended[-1].body["outcome"]) if ended else None
