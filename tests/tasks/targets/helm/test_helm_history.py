"""Which revisions of a history are a release's own, and which one leads back; no cluster is asked."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import Terminal
from domain.rollout.deployment_history import Tags, tags_of
from tasks.targets.helm.client import DEPLOYED, FAILED, SUPERSEDED, Revision
from tasks.targets.helm.history import FENCE, REVISION, TAGS, History
from tasks.targets.kubernetes.access import ChangedByHandError, ClusterAccess

NOWHERE = ClusterAccess(Path("nowhere"), "space", "cluster/space")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def made(number: int, deployment: str, replaced: Tags, status: str = SUPERSEDED) -> Revision:
    """By a release."""
    tags = tags_of("engine", deployment, replaced, "azureml://m", "", NOW, number)
    labels = {REVISION: str(number), FENCE: str(number)}
    return Revision(number, status, {TAGS: tags}, labels, f"# {deployment}", "", "now")


def tags(revision: Revision) -> Tags:
    found: Tags = revision.values[TAGS]
    return found


FIRST = made(1, "deployment-1", {})
SECOND = made(2, "deployment-2", tags(FIRST))
COPY = replace(FIRST, number=3, status=DEPLOYED, description="Rollback to 1")


def test_a_rollback_is_of_what_served_and_what_is_new_goes_up() -> None:
    history = History("x", (replace(SECOND, status=DEPLOYED), FIRST))
    assert history.serving == "deployment-2"
    assert history.rollback_revision("deployment-1") is FIRST
    back = History("x", (COPY, SECOND, FIRST))
    assert back.serving == "deployment-1"
    assert back.rollback_revision("deployment-2") is None  # it was left, so it comes with the chart of now
    assert (back.fence, back.next_number, back.settled) == (2, 4, True)


def test_what_failed_leaves_what_was_applied_serving() -> None:
    failed = made(3, "deployment-3", tags(SECOND), FAILED)
    history = History("x", (failed, replace(SECOND, status=DEPLOYED), FIRST))
    assert (history.serving, history.settled) == ("deployment-2", False)
    assert history.rollback_revision("deployment-2") is history.revisions[1]
    assert history.changes(NOWHERE) == ""  # half of it may be applied: nothing is compared
    assert History("x", ()).changes(NOWHERE) == ""


FAILED_BACK = replace(COPY, status=FAILED, description='Rollback "x" failed: conflict')
DYING_UP = made(3, "deployment-3", tags(SECOND), "pending-upgrade")
FAILED_UP = replace(DYING_UP, status=FAILED, description='Upgrade "x" failed: no such image')


@pytest.mark.parametrize(
    "newer",
    [
        (FAILED_BACK,),
        (replace(COPY, status="pending-rollback"),),
        (DYING_UP,),
        (FAILED_UP,),
        (replace(FAILED_BACK, number=4), replace(FAILED_BACK, status=SUPERSEDED)),  # tried twice
        (replace(FAILED_BACK, number=4), replace(FAILED_UP, status=SUPERSEDED)),
    ],
)
def test_where_nothing_is_called_deployed_any_longer_what_worked_last_serves(newer: tuple[Revision, ...]) -> None:
    history = History("x", (*newer, SECOND, FIRST))
    assert history.applied is SECOND
    assert (history.serving, history.settled) == ("deployment-2", False)
    assert (history.rollback_revision("deployment-1"), history.rollback_revision("deployment-2")) == (FIRST, SECOND)
    assert history.changes(NOWHERE) == ""


def test_what_never_worked_and_what_is_uninstalled_serve_nothing() -> None:
    failed = replace(FIRST, status=FAILED, description='Release "x" failed: timeout')
    assert History("x", (failed,)).serving is None
    gone = replace(COPY, status="uninstalled", description="Uninstallation complete")
    assert History("x", (gone, SECOND, FIRST)).serving is None
    assert History("x", (replace(gone, status="uninstalling"), replace(SECOND, status=DEPLOYED))).applied is None


def test_what_a_rollback_made_is_known_and_what_goes_up_again_is_not() -> None:
    up = replace(SECOND, status=DEPLOYED)
    assert not History("x", (up, FIRST)).is_rolled_back
    assert History("x", (COPY, SECOND, FIRST)).is_rolled_back
    again = made(4, "deployment-2", tags(COPY), DEPLOYED)
    assert not History("x", (again, replace(COPY, status=SUPERSEDED), SECOND, FIRST)).is_rolled_back
    cut = made(3, "deployment-1", tags(SECOND), DEPLOYED)  # its revision was gone, so it came with the chart of now
    assert History("x", (cut, SECOND)).is_rolled_back
    assert not History("x", ()).is_rolled_back


def test_a_fencing_token_that_a_person_wrote_is_said() -> None:
    theirs = replace(SECOND, labels={**SECOND.labels, FENCE: "by-hand"})
    with pytest.raises(
        Terminal, match=r"label signalbox-fence of secret/sh\.helm\.release\.v1\.x\.v2 is 'by-hand'.*set it to 0"
    ):
        assert History("x", (theirs, FIRST)).fence


@pytest.mark.parametrize(
    "theirs",
    [
        replace(COPY, values={**COPY.values, "replicas": 9}),
        replace(COPY, manifest="# another"),
        replace(COPY, labels={}),
        replace(COPY, labels={REVISION: "99"}),
    ],
)
def test_a_revision_that_is_no_copy_is_a_person_s(theirs: Revision) -> None:
    history = History("x", (theirs, SECOND, FIRST))
    with pytest.raises(
        ChangedByHandError, match=r"revision 3 was made by a person .*`helm rollback x 2 --force-conflicts`"
    ):
        history.refuse_changes(NOWHERE)


def test_where_no_release_made_anything_there_is_nothing_to_roll_back_to() -> None:
    theirs = Revision(1, DEPLOYED, {}, {}, "", "Install complete", "now")
    with pytest.raises(ChangedByHandError, match=r"Install complete.*then uninstall it"):
        History("x", (theirs,)).refuse_changes(NOWHERE)
