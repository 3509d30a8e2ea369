"""When a gate lets a stage change: in its windows, and in no freeze."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.declaration.gate import Gate

NOON = datetime(2025, 1, 8, 12, 0, tzinfo=UTC)
"""A Wednesday."""
AFTERNOON = {"starts": "2025-01-01T12:00", "rule": "FREQ=DAILY", "minutes": 60}
MORNING = {"starts": "2025-01-01T09:00", "rule": "FREQ=DAILY", "minutes": 180}
EVENING = {"starts": "2025-01-01T19:30", "rule": "FREQ=DAILY", "minutes": 60, "timezone": "Europe/Berlin"}
ONCE = {"starts": "2024-12-01T00:00", "minutes": 60}
GATE = {"name": "Approval", "rules": [{"group": "ops"}], "instructions": "Look."}
FREEZE = {"starts": "2025-01-08T00:00", "minutes": 60 * 24 * 2, "reason": "stocktaking"}


def closures(windows: list[dict[str, Any]], freezes: list[dict[str, Any]], moment: datetime = NOON) -> list[str]:
    """Why a gate of these stretches is closed."""
    return list(Gate.model_validate({**GATE, "windows": windows, "freezes": freezes}).closures(moment))


@pytest.mark.parametrize(
    ("windows", "reasons"),
    [
        ([], []),
        ([AFTERNOON], []),
        ([MORNING, AFTERNOON], []),
        ([AFTERNOON, MORNING], []),
        ([MORNING], ["it is outside the stage's windows; the next one opens at 2025-01-09 09:00 UTC"]),
        ([MORNING, EVENING], ["it is outside the stage's windows; the next one opens at 2025-01-08 18:30 UTC"]),
        ([EVENING, ONCE], ["it is outside the stage's windows; the next one opens at 2025-01-08 18:30 UTC"]),
        ([ONCE], ["it is outside the stage's windows; none follows"]),
    ],
)
def test_a_stage_changes_in_one_of_its_windows_or_at_any_time_without(
    windows: list[dict[str, Any]], reasons: list[str]
) -> None:
    assert closures(windows, []) == reasons


def test_a_window_closes_at_its_end() -> None:
    assert closures([AFTERNOON], [], NOON.replace(minute=59, second=59)) == []
    assert closures([AFTERNOON], [], NOON.replace(hour=13)) == [
        "it is outside the stage's windows; the next one opens at 2025-01-09 12:00 UTC"
    ]


def test_a_freeze_wins_over_a_window() -> None:
    assert closures([AFTERNOON], [FREEZE]) == ["there is a freeze (stocktaking) until 2025-01-10 00:00 UTC"]
    assert closures([], [FREEZE]) == closures([AFTERNOON], [FREEZE])


def test_a_freeze_begins_and_ends_to_the_minute() -> None:
    assert closures([], [FREEZE], datetime(2025, 1, 7, 23, 59, 59, tzinfo=UTC)) == []
    assert len(closures([], [FREEZE], datetime(2025, 1, 8, tzinfo=UTC))) == 1
    assert len(closures([], [FREEZE], datetime(2025, 1, 9, 23, 59, 59, tzinfo=UTC))) == 1
    assert closures([], [FREEZE], datetime(2025, 1, 10, tzinfo=UTC)) == []


def test_every_reason_is_told() -> None:
    nameless = {**AFTERNOON, "timezone": "Europe/London"}
    assert closures([MORNING], [nameless, ONCE, FREEZE]) == [
        "there is a freeze until 2025-01-08 13:00 UTC",
        "there is a freeze (stocktaking) until 2025-01-10 00:00 UTC",
        "it is outside the stage's windows; the next one opens at 2025-01-09 09:00 UTC",
    ]


@pytest.mark.parametrize(
    ("windows", "freezes", "opens"),
    [
        ([], [], NOON),
        ([AFTERNOON], [], NOON),
        ([MORNING], [], datetime(2025, 1, 9, 9, tzinfo=UTC)),
        ([MORNING, EVENING], [], datetime(2025, 1, 8, 18, 30, tzinfo=UTC)),
        ([], [FREEZE], datetime(2025, 1, 10, tzinfo=UTC)),
        ([AFTERNOON], [FREEZE], datetime(2025, 1, 10, 12, tzinfo=UTC)),
        ([], [FREEZE, {**FREEZE, "minutes": 60 * 24 * 4}], datetime(2025, 1, 12, tzinfo=UTC)),
        ([{"starts": "2020-01-01T00:00", "minutes": 60}], [], None),
        ([AFTERNOON], [{"starts": "2025-01-01T00:00", "rule": "FREQ=DAILY", "minutes": 1440}], None),
    ],
)
def test_the_first_moment_is_found_that_is_in_a_window_and_in_no_freeze(
    windows: list[dict[str, Any]], freezes: list[dict[str, Any]], opens: datetime | None
) -> None:
    gate = Gate.model_validate({**GATE, "windows": windows, "freezes": freezes})
    assert gate.opens_at(NOON) == opens
    assert opens is None or list(gate.closures(opens)) == []
    assert opens is None or gate.opens_at(opens) == opens
