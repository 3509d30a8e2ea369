"""What a fleet may cost: every demand is met at its limit and not met beyond it."""

from dataclasses import replace

import pytest

from benchmarks.fleet_demands import MEGABYTES, SIZE, SLA_SECONDS, SMALLER, Demand, Measured, demands

GOOD = Measured(SIZE, seconds=125.0, floor=100.0, megabytes=MEGABYTES, task_runs=7000, cpu=50.0, floor_cpu=40.0)
LESS = replace(GOOD, circuits=SMALLER, seconds=12.5, floor=10.0)


def judged(release: Measured = GOOD, rollback: Measured = GOOD, seconds: float = SLA_SECONDS) -> list[Demand]:
    return demands({SIZE: release, SMALLER: LESS}, {SIZE: rollback, SMALLER: LESS}, {SIZE: seconds})


def test_all_are_met_at_their_limits() -> None:
    assert [demand.met for demand in judged()] == [True] * 6


@pytest.mark.parametrize(
    ("found", "unmet"),
    [
        (judged(release=replace(GOOD, seconds=126.0, floor=100.0)), ["release of 1000, times the floor: 1.26"]),
        (judged(rollback=replace(GOOD, floor=90.0, seconds=112.6)), ["rollback of 1000, times the floor: 1.25"]),
        (
            judged(release=replace(GOOD, floor=200.0, seconds=228.0)),
            ["release, overhead a circuit at 1000 against 100: 1.12"],
        ),
        (judged(release=replace(GOOD, megabytes=451.0)), ["release of 1000, MB at its peak: 451.00"]),
        (judged(seconds=121.0), ["rollback of 1000 at Azure's pace, seconds: 121.00"]),
    ],
)
def test_each_is_not_met_beyond_its_limit(found: list[Demand], unmet: list[str]) -> None:
    assert [demand.text.partition(", at most")[0] for demand in found if demand.met is False] == unmet


def test_sizes_that_were_not_run_tell_nothing() -> None:
    assert [demand.met for demand in demands({SMALLER: LESS}, {SMALLER: LESS}, {SMALLER: 500.0})] == [None] * 6
