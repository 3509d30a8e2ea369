"""Whoever watches a fleet sees how far it is, and how many failed."""

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from flows import progress
from flows.fan_out import watched

pytestmark = pytest.mark.usefixtures("laptop")


def shown(key: str) -> tuple[float, str]:
    """Per cent and words of the newest artifact of that key."""
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        (found,) = client.read_latest_artifacts(artifact_filter=wanted, limit=1)
    return float(str(found.data)), str(found.description)


@task
def visit(number: int) -> int:
    if number == 1:
        raise ValueError("no")
    return number


def test_the_bar_moves_with_every_circuit_and_counts_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "UPDATED_EVERY", 0.0)
    seen: list[tuple[float, str]] = []

    @flow
    def fleet() -> None:
        futures = {str(number): visit.submit(number) for number in range(4)}
        seen.extend(shown("progress-visit-at-mars") for _ in watched(futures, "visit at Mars"))

    fleet()
    assert seen == [
        (25.0, "visit at Mars: 1 of 4 circuits"),
        (50.0, "visit at Mars: 2 of 4 circuits, 1 failed"),
        (75.0, "visit at Mars: 3 of 4 circuits, 1 failed"),
        (100.0, "visit at Mars: 4 of 4 circuits, 1 failed"),
    ]


def test_a_thousand_circuits_are_not_a_thousand_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    monkeypatch.setattr(progress, "update_progress_artifact", lambda *given, **more: sent.append((given, more)))

    @flow
    def fleet() -> None:
        bar = progress.Progress("visit at Venus", 1000)
        for _ in range(1000):
            bar.count(failed=False)

    fleet()
    assert 1 <= len(sent) < 20
    assert sent[-1][1] == {"description": "visit at Venus: 1,000 of 1,000 circuits"}


def test_a_step_without_circuits_shows_no_bar() -> None:
    @flow
    def fleet() -> list[object]:
        return list(watched({}, "visit nobody"))

    assert fleet() == []
