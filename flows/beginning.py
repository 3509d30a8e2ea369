"""How a release begins: its manifest is the first fact, and asking again finds it there."""

from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger

from blocks.ledger import Ledger
from domain.changed_circuits import BUILD, FILE, ChangedCircuits, changed_path
from domain.errors import InvalidDeclaration, Terminal
from domain.fact import Fact, Kind, facts_of
from domain.hold import hold_of
from domain.outcome import Outcome
from domain.release import Release, next_name
from domain.requested import requested_release
from domain.suggestion import listed
from domain.workload import Workload
from tasks.holds import holds_on
from tasks.ledger import read_document, readable_releases, record, release_names


class AlreadyReleased(Terminal):
    """A release of exactly these circuits has succeeded: nothing is left to do."""


MOST_SHOWN = 5
LOOKED_BACK = 20
"""Releases among which one of the same changed circuits is looked for."""


def changed_circuits_of(ledger: Ledger, workload: Workload, given: str | dict[str, Any] | None) -> ChangedCircuits:
    """What was given, or the newest that training handed over; checked whole before anything is touched.

    given: content, its text, or the id of the build that kept it.
    """
    content = given if given is not None else read_document(ledger, changed_path(workload.name))
    if isinstance(content, str) and BUILD.fullmatch(content):
        content = read_document(ledger, changed_path(workload.name, content))
    changed = ChangedCircuits.parse(content, workload.units)
    if changed.workload != workload.name:
        raise InvalidDeclaration(
            [f"{FILE}: workload: is {changed.workload!r}, and {workload.name!r} is to be released"]
        )
    return changed


def begin(ledger: Ledger, changed: ChangedCircuits, requested_by: str) -> Release:
    """The release of these circuits: the one that is under way, or a new one, requested in the ledger.

    Raises AlreadyReleased when a release of exactly these serves, Terminal when any of the models was rolled back and is held.
    """
    taken = release_names(ledger, changed.workload)
    for name, facts in readable_releases(ledger, changed.workload, LOOKED_BACK):
        if not facts or facts[0].body.get("changed_digest") != changed.digest:
            continue
        outcome = outcome_of(facts)
        if outcome is None:
            get_run_logger().info("Release %s of these circuits is under way; it goes on where it stopped.", name)
            return requested_release(facts)
        hold = hold_of(facts)
        if hold is not None:
            raise Terminal(
                f"release {name} of these circuits is held at {hold.stage}: {hold.body.get('reason')}. Release newer models, or "
                f"end the hold with `signalbox unhold {name}`, and then release these again"
            )
        if outcome is Outcome.SUCCEEDED and not facts_of(facts, Kind.ROLLED_BACK):
            raise AlreadyReleased(f"these circuits were released as {name}; there is nothing left to do")
    _refuse_held(ledger, changed)
    now = datetime.now(UTC)
    release = Release.of(changed, next_name(now.date(), taken), now, requested_by)
    request(ledger, release, changed.digest)
    return release


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


def request(ledger: Ledger, release: Release, changed_digest: str) -> None:
    """Write the manifest down as the release's first fact."""
    body = {"release": release.model_dump(mode="json"), "digest": release.digest, "changed_digest": changed_digest}
    fact = record(ledger, release.workload, release.name, Kind.REQUESTED, body)
    if fact.sequence != 0:
        raise Terminal(f"release {release.name} was begun by somebody else at the same moment; run it again")


def outcome_of(facts: tuple[Fact, ...]) -> Outcome | None:
    """How the release ended; None while it is under way."""
    ended = facts_of(facts, Kind.ENDED)
    return Outcome(ended[-1].body["outcome"]) if ended else None
