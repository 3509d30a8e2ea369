"""Stretches of time: to the minute, and by the wall clock of their zone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.declaration.window import Window

SECOND = timedelta(seconds=1)


def window(rule: str = "", **given: Any) -> Window:
    """An hour from eight, first on Monday 6 January 2025; any field can be given."""
    return Window.model_validate({"starts": "2025-01-06T08:00", "rule": rule, "minutes": 60, **given})


def utc(text: str) -> datetime:
    """A moment in UTC, from ISO 8601."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "moment", "held"),
    [
        ("", "2025-01-06T07:59:59.999999", False),
        ("", "2025-01-06T08:00", True),
        ("", "2025-01-06T08:59:59.999999", True),
        ("", "2025-01-06T09:00", False),
        ("", "2025-01-07T08:30", False),
        ("FREQ=DAILY", "2025-01-05T08:30", False),
        ("FREQ=DAILY", "2025-01-07T07:59:59", False),
        ("FREQ=DAILY", "2025-01-07T08:00", True),
        ("FREQ=DAILY", "2025-01-07T08:59:59", True),
        ("FREQ=DAILY", "2025-01-07T09:00", False),
        ("freq=weekly;byday=tu,th", "2025-01-06T08:30", False),
        ("freq=weekly;byday=tu,th", "2025-01-07T08:30", True),
        ("FREQ=DAILY;UNTIL=20250108T080000", "2025-01-08T08:30", True),
        ("FREQ=DAILY;UNTIL=20250108T080000", "2025-01-09T08:30", False),
        ("FREQ=DAILY;UNTIL=20250108T075959", "2025-01-08T08:30", False),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2025-01-31T08:30", True),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2025-01-24T08:30", False),
        ("FREQ=DAILY;BYMONTH=02", "2025-02-01T08:30", True),
        ("FREQ=DAILY;INTERVAL=999", "2027-10-02T08:30", True),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "2031-12-24T08:30", True),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO", "2025-01-12T08:30", True),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "2025-01-12T08:30", False),
    ],
)
def test_a_stretch_holds_from_its_start_to_just_before_its_end(rule: str, moment: str, held: bool) -> None:
    assert window(rule).holds(utc(moment)) is held


@pytest.mark.parametrize("minutes", [1, 2, 24 * 60, 366 * 24 * 60])
def test_a_stretch_is_as_long_as_declared(minutes: int) -> None:
    end = utc("2025-01-06T08:00") + timedelta(minutes=minutes)
    assert window(minutes=minutes).holds(end - SECOND)
    assert not window(minutes=minutes).holds(end)
    assert window(minutes=minutes).end_of(end - SECOND) == end


def test_a_stretch_may_reach_over_midnight() -> None:
    night = window("FREQ=WEEKLY;BYDAY=FR", starts="2025-01-03T22:00", minutes=480)
    assert night.holds(utc("2025-01-11T05:59:59"))
    assert not night.holds(utc("2025-01-11T06:00"))
    assert not night.holds(utc("2025-01-12T01:00"))
    assert night.end_of(utc("2025-01-10T23:00")) == utc("2025-01-11T06:00")


def test_stretches_that_overlap_hold_without_a_break() -> None:
    always = window("FREQ=DAILY", minutes=25 * 60)
    assert all(always.holds(utc("2025-03-01T00:00") + timedelta(hours=hour)) for hour in range(48))


def test_the_next_start_is_after_the_moment_and_in_utc() -> None:
    daily = window("FREQ=DAILY")
    assert daily.next_start(utc("2025-01-01T00:00")) == utc("2025-01-06T08:00")
    assert daily.next_start(utc("2025-01-07T07:59:59")) == utc("2025-01-07T08:00")
    assert daily.next_start(utc("2025-01-07T08:00")) == utc("2025-01-08T08:00")
    assert window().next_start(utc("2025-01-06T08:00")) is None
    berlin = window("FREQ=DAILY", timezone="Europe/Berlin").next_start(utc("2025-01-06T12:00"))
    assert berlin == utc("2025-01-07T07:00")
    assert berlin is not None and berlin.tzinfo is UTC


def test_the_end_is_in_utc_and_outside_the_moment_itself() -> None:
    berlin = window("FREQ=DAILY", timezone="Europe/Berlin")
    assert berlin.end_of(utc("2025-01-07T07:00")) == utc("2025-01-07T08:00")
    assert berlin.end_of(utc("2025-01-07T07:59:59")).tzinfo is UTC
    for outside in ("2025-01-01T07:30", "2025-01-07T06:59:59", "2025-01-07T08:00"):
        assert berlin.end_of(utc(outside)) == utc(outside)


@pytest.mark.parametrize(
    ("day", "opens"),
    [("2025-03-29", "07:00"), ("2025-03-30", "06:00"), ("2025-10-25", "06:00"), ("2025-10-26", "07:00")],
)
def test_a_window_keeps_to_the_wall_clock_when_the_clocks_change(day: str, opens: str) -> None:
    berlin, start = window("FREQ=DAILY", timezone="Europe/Berlin"), utc(f"{day}T{opens}")
    assert not berlin.holds(start - SECOND)
    assert berlin.holds(start)
    assert berlin.next_start(start - SECOND) == start
    assert berlin.end_of(start) == start + timedelta(hours=1)


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    night = window("FREQ=DAILY", starts="2025-01-06T00:00", minutes=240, timezone="Europe/Berlin")
    assert night.end_of(utc("2025-03-29T23:00")) == utc("2025-03-30T02:00")
    assert night.holds(utc("2025-03-30T01:59:59")) and not night.holds(utc("2025-03-30T02:00"))
    assert night.end_of(utc("2025-10-25T22:00")) == utc("2025-10-26T03:00")
    assert night.holds(utc("2025-10-26T02:59:59")) and not night.holds(utc("2025-10-26T03:00"))


def test_in_the_hour_that_comes_twice_neither_end_nor_start_lies_behind() -> None:
    """In Berlin it is 02:15 at 00:15 and at 01:15 UTC."""
    quarter = window("FREQ=DAILY", starts="2025-01-06T02:00", minutes=30, timezone="Europe/Berlin")
    assert quarter.end_of(utc("2025-10-26T00:15")) == utc("2025-10-26T00:30")
    assert quarter.end_of(utc("2025-10-26T01:15")) == utc("2025-10-26T01:30")
    later = window("FREQ=DAILY", starts="2025-01-06T02:30", timezone="Europe/Berlin")
    assert later.next_start(utc("2025-10-26T00:15")) == utc("2025-10-26T00:30")
    assert later.next_start(utc("2025-10-26T00:30") - SECOND) == utc("2025-10-26T00:30")
    assert later.next_start(utc("2025-10-26T01:15")) == utc("2025-10-26T01:30")


def test_a_rule_without_an_end_reaches_fifty_years() -> None:
    daily, last = window("FREQ=DAILY", starts="2000-01-01T08:00"), utc("2000-01-01T08:00") + timedelta(days=366 * 50)
    assert daily.next_start(last - SECOND) == last
    assert daily.holds(last) and daily.next_start(last) is None
    assert window("FREQ=DAILY;UNTIL=20991231T080000").holds(utc("2099-12-31T08:30"))


@given(st.integers(1, 3000), st.datetimes(min_value=datetime(2024, 12, 1), max_value=datetime(2025, 6, 1)))  # noqa: DTZ001 — UTC below
def test_a_daily_window_holds_as_arithmetic_says(minutes: int, at: datetime) -> None:
    since = at.replace(tzinfo=UTC) - utc("2025-01-06T08:00")
    held = since >= timedelta(0) and since % timedelta(days=1) < timedelta(minutes=minutes)
    assert window("FREQ=DAILY", minutes=minutes).holds(at.replace(tzinfo=UTC)) is held
