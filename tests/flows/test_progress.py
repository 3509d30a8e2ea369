"""Whoever watches a fleet sees how far it is, and how many failed."""

import time

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)

from domain.errors import Terminal, Transient
from flows.fan_out import each as fan_out
from flows.fan_out import progress
from flows.fan_out.each import map_units
from tasks import retries

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
        raise Terminal("no")
    return number


def calls(count: int) -> dict[str, tuple[int]]:
    return {str(number): (number,) for number in range(count)}


def test_the_bar_moves_with_every_circuit_and_counts_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, str]] = []
    real = progress.update_progress_artifact

    def updated(*given, **more):
        real(*given, **more)
        seen.append(shown("progress-visit-at-mars"))

    monkeypatch.setattr(progress, "UPDATED_EVERY", 0.0)
    monkeypatch.setattr(progress, "update_progress_artifact", updated)

    @flow
    def fleet() -> dict[str, object]:
        return map_units(visit, calls(4), "visit at Mars")

    found = fleet()
    assert list(found) == ["0", "1", "2", "3"]
    assert [found[name] for name in ("0", "2", "3")] == [0, 2, 3]
    assert isinstance(found["1"], Terminal)
    assert [part for part, _ in seen] == [25.0, 50.0, 75.0, 100.0]
    assert seen[-1][1] == "visit at Mars: 4 of 4 circuits, 1 failed"


def test_a_large_fleet_costs_no_more_task_runs_than_there_are_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "WORKERS", 3)

    @flow
    def fleet() -> dict[str, object]:
        return map_units(visit, calls(20), "visit at Jupiter")

    state = fleet(return_state=True)
    assert [str(one) for one in state.result().values()] == [str(n) if n != 1 else "no" for n in range(20)]
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        deadline = time.monotonic() + 30
        while True:
            runs = client.read_task_runs(flow_run_filter=wanted)
            if (len(runs) == 3 and all(run.state.is_final() for run in runs)) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    assert {run.name for run in runs} == {f"visit at Jupiter: {number}" for number in range(3)}
    (failed,) = [run.state for run in runs if run.state.is_failed()]
    assert failed.message == "1: no"


def test_a_circuit_whose_turn_never_came_is_told_why_and_what_next(monkeypatch: pytest.MonkeyPatch) -> None:
    @task
    def ended_at_once(*_given: object) -> None:
        """As a task run does that was cancelled before it began."""

    monkeypatch.setattr(fan_out, "work_through", ended_at_once)

    @flow
    def fleet() -> dict[str, object]:
        return map_units(visit, calls(2), "visit at Pluto")

    for outcome in fleet().values():
        assert isinstance(outcome, Transient)
        assert str(outcome) == (
            "it was not finished: the run was stopped first, or broke off at an earlier one; run it again to continue"
        )


def test_what_may_pass_is_tried_again_and_what_needs_a_person_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", waits.append)
    tried: list[str] = []

    @task
    def attempt(kind: str) -> str:
        tried.append(kind)
        if kind == "passing" and tried.count(kind) < 3:
            raise Transient("busy")
        if kind == "stubborn":
            raise Transient("still busy")
        if kind == "definite":
            raise Terminal("no")
        return kind

    @flow
    def fleet() -> dict[str, object]:
        return map_units(attempt, {one: (one,) for one in ("passing", "stubborn", "definite")}, "attempt")

    found = fleet()
    assert found["passing"] == "passing"
    assert isinstance(found["stubborn"], Transient)
    assert isinstance(found["definite"], Terminal)
    assert [tried.count(one) for one in ("passing", "stubborn", "definite")] == [3, 5, 1]
    assert len(waits) >= 6


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
        return list(map_units(visit, {}, "visit nobody"))

    assert fleet() == []


def test_a_terminal_that_watches_is_told_every_move_and_afterwards_none() -> None:
    told: list[tuple[str, bool]] = []

    @flow
    def fleet() -> None:
        with progress.watched(lambda bar: told.append((bar.text, bar.finished))):
            map_units(visit, calls(2), "visit at Saturn")
        map_units(visit, calls(1), "visit nobody sees")

    fleet()
    assert told == [
        ("visit at Saturn: 0 of 2 circuits", False),
        (told[1][0], False),
        ("visit at Saturn: 2 of 2 circuits, 1 failed", True),
    ]
