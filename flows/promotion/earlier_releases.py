"""How a release begins, or that one of the same models goes on: its manifest is the first fact, and asking again finds it there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome
from domain.release.hold import hold_of, unhold_command
from domain.release.manifest import Release, readable_release, requested_release
from domain.release.outcome import shown_ending
from domain.release_name import NAME, next_name
from domain.text import listed
from tasks.ledger.facts import read_facts, readable_releases, record, release_names
from tasks.ledger.holds import holds_on
from tasks.ledger.pointers import begun_by, keep_begun

MOST_SHOWN = 5
LOOKED_BACK = 20
"""Releases among which one of the same models is looked for."""
ONLY = "only"
"""Key of a release's request: the one stage to which a chosen version goes."""


@dataclass(frozen=True)
class Earlier:
    """What was released before. names: of all releases. under_way: one of these models, which goes on.

    done: the name of one of this very build that succeeded and was not rolled back.
    """

    names: tuple[str, ...]
    under_way: Release | None = None
    done: str | None = None


def earlier_releases(ledger: Ledger, changed: ChangedCircuits, requested_by: str, only: str | None = None) -> Earlier:
    """Among them the one that has not ended, of this build or of these models by the same people from the same commit.

    only: the stage to which a chosen version goes; None for all. Terminal when the release of this build, or any of the models, was
    rolled back and is held.
    """
    # before anything is looked at: a name that another run takes meanwhile is then taken twice, and one of the two is told
    names = release_names(ledger, changed.workload)
    done: str | None = None
    for name, facts in _looked_through(ledger, changed):
        if not facts or facts[0].kind is not Kind.REQUESTED:
            continue
        same_build = facts[0].body.get("changed_digest") == changed.digest
        ended = shown_ending(facts)
        if ended is None and (same_build or _is_of(facts, changed, requested_by, only)):
            get_run_logger().info("Release %s of these models is under way; it goes on where it stopped.", name)
            return Earlier(names, under_way=requested_release(facts))
        if not same_build:
            continue
        hold = hold_of(facts)
        if hold is not None:
            raise Terminal(
                f"release {name} of these circuits is held at {hold.stage}: {hold.body.get('reason')}. Release newer models, or "
                f"end the hold with {unhold_command(name, changed.workload)}, and then release these again"
            )
        if ended is not None and ended.outcome is Outcome.SUCCEEDED and not facts_of(facts, Kind.ROLLED_BACK):
            done = done or name
    _refuse_held(ledger, changed)
    return Earlier(names, done=done)


def begin(
    ledger: Ledger, changed: ChangedCircuits, requested_by: str, earlier: Earlier, only: str | None = None
) -> Release:
    """A new release of these models, under the next name. Of two that begin at once one is told."""
    now = datetime.now(UTC)
    release = Release.of(changed, next_name(now.date(), earlier.names), now, requested_by)
    request(ledger, release, changed.digest, only)
    return release


def _looked_through(ledger: Ledger, changed: ChangedCircuits) -> Iterator[tuple[str, tuple[Fact, ...]]]:
    """The newest releases, and the one that this build began, however many came since."""
    newest = dict(readable_releases(ledger, changed.workload, LOOKED_BACK))
    begun = begun_by(ledger, changed.workload, changed.digest)
    if begun is not None and NAME.fullmatch(begun) and begun not in newest:
        newest[begun] = read_facts(ledger, changed.workload, begun)
    yield from newest.items()


def _is_of(facts: Sequence[Fact], changed: ChangedCircuits, requested_by: str, only: str | None) -> bool:
    """Whether a release is of exactly these models to the same place, by the same people from the same commit.

    Else somebody could approve their own work under another's name. Not where its manifest cannot be read.
    """
    release = readable_release(facts)
    if release is None or facts[0].body.get(ONLY) != only:
        return False
    by_whom = (release.requested_by, release.code_commit, release.code_author)
    if by_whom != (requested_by, changed.code_commit, changed.code_author):
        return False
    ours, theirs = ({_model(unit) for unit in units} for units in (changed.circuits, release.units))
    return ours == theirs


def _model(unit: ChangedCircuit) -> tuple[str, str, str, str]:
    return str(unit.unit), unit.model_name, unit.model_version, unit.model_digest


def _refuse_held(ledger: Ledger, changed: ChangedCircuits) -> None:
    """Whatever build hands them over, and however long ago they were rolled back."""
    held = [
        one
        for one in holds_on(ledger, changed.workload, {unit.model_digest for unit in changed.circuits})
        if one.lifted is None
    ]
    if held:
        unhold = (unhold_command(one.release, changed.workload) for one in held)
        releases = listed(dict.fromkeys(unhold))
        raise Terminal(
            f"{len(held)} of these models are held: {'; '.join(str(one) for one in held[:MOST_SHOWN])}. Release newer models, or "
            f"end the hold with {releases}, and then release these again"
        )


def request(ledger: Ledger, release: Release, changed_digest: str, only: str | None = None) -> None:
    """Write the manifest down as the release's first fact."""
    body = {"release": release.model_dump(mode="json"), "digest": release.digest, "changed_digest": changed_digest}
    if only is not None:
        body[ONLY] = only
    record(ledger, release.workload, release.name, Kind.REQUESTED, body)
    keep_begun(ledger, release.workload, changed_digest, release.name)
