"""What windows can be declared: only rules that mean what they say, and that can be looked through in time."""

from datetime import UTC, datetime
from typing import Any

import pytest
from dateutil.rrule import rrule
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.declaration.window import FREQUENCIES, Window


def window(rule: str = "", **given: Any) -> Window:
    """An hour from eight, first on Monday 6 January 2025; any field can be given."""
    return Window.model_validate({"starts": "2025-01-06T08:00", "rule": rule, "minutes": 60, **given})


def utc(text: str) -> datetime:
    """A moment in UTC, from ISO 8601."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fault(rule: str = "", **given: Any) -> str:
    """Why a window is refused."""
    with pytest.raises(ValidationError) as refused:
        window(rule, **given)
    return str(refused.value)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (
            "FREQ=DAILY;COUNT=3",
            "the rule cannot have COUNT; it takes FREQ, INTERVAL, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, ",
        ),
        ("FREQ=DAILY;BYHOUR=8;BYSECOND=1", "the rule cannot have BYHOUR, BYSECOND; it takes FREQ,"),
        ("DTSTART:20250101T000000;FREQ=DAILY", "the rule cannot have DTSTART:20250101T000000; it takes"),
        ("RRULE:FREQ=DAILY", "the rule cannot have RRULE:FREQ; it takes"),
        ("FREQ=DAILY;", "the rule cannot have ; it takes"),
        ("weekly", "the rule cannot have WEEKLY; it takes"),
        ("BYDAY=MO", "the rule needs FREQ=YEARLY, MONTHLY, WEEKLY or DAILY"),
        ("FREQ=HOURLY", "the rule needs FREQ=YEARLY, MONTHLY, WEEKLY or DAILY"),
        ("FREQ=DAILY;FREQ=SECONDLY", "the rule needs FREQ=YEARLY, MONTHLY, WEEKLY or DAILY"),
        ("FREQ=DAILY;INTERVAL=0", "the rule's INTERVAL is a number from 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1000", "the rule's INTERVAL is a number from 1 to 999"),
        ("FREQ=DAILY;INTERVAL=-1", "the rule's INTERVAL is a number from 1 to 999"),
        ("FREQ=DAILY;INTERVAL=", "the rule's INTERVAL is a number from 1 to 999"),
        ("FREQ=DAILY;UNTIL=20250601", "the rule's UNTIL is the last start by the wall clock, such as 20261224T080000"),
        ("FREQ=DAILY;UNTIL=20250601T080000Z", "the rule's UNTIL is the last start by the wall clock"),
        ("FREQ=DAILY;UNTIL=20251301T080000", "the rule is not an RFC 5545 recurrence (invalid 'UNTIL'"),
        ("FREQ=DAILY;BYDAY=MO DTSTART:20200106T000000", "the rule's BYDAY cannot be read; see RFC 5545, 3.3.10"),
        ("FREQ=DAILY;BYDAY=MO\nRRULE:FREQ=SECONDLY", "the rule's BYDAY cannot be read"),
        ("FREQ=DAILY;BYDAY=XX;BYMONTH=", "the rule's BYDAY, BYMONTH cannot be read"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "the rule's BYMONTHDAY cannot be read"),
        ("FREQ=MONTHLY;BYDAY=9MO", "the rule's BYDAY cannot be read"),
        ("FREQ=WEEKLY;BYDAY=1MO", "the rule's BYDAY can count days only of a month or a year: FREQ=MONTHLY or YEARLY"),
        ("FREQ=DAILY;BYDAY=MO,-1TU", "the rule's BYDAY can count days only of a month or a year"),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=400",
            "the rule is not an RFC 5545 recurrence (bysetpos must be between 1 and 366",
        ),
        (
            "FREQ=DAILY;UNTIL=20250106T075959",
            "the rule names no day within 50 years, or none before its end; check BYMONTH, BYMONTHDAY and UNTIL",
        ),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "the rule names no day within 50 years"),
    ],
)
def test_a_rule_that_does_not_mean_what_it_says_is_refused(rule: str, why: str) -> None:
    assert why in fault(rule)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_day_that_never_comes_is_looked_for_near_the_end_of_the_calendar_only(
    frequency: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first year on the library takes half a minute for the 30th of a February."""
    looked_for: list[int] = []

    def noted(self: rrule, moment: datetime, inc: bool = False) -> Any:
        looked_for.append(moment.year)
        return after(self, moment, inc)

    after = rrule.after
    monkeypatch.setattr(rrule, "after", noted)
    assert "the rule names no day within 50 years" in fault(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30")
    assert looked_for
    assert min(looked_for) > 9000


def test_the_first_day_of_a_rule_may_be_far_away() -> None:
    leap = window("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SA", starts="2000-02-29T08:00")
    assert leap.next_start(utc("2000-03-01T00:00")) == utc("2020-02-29T08:00")
    assert "no day within 50 years" in fault("FREQ=YEARLY;INTERVAL=51;BYMONTH=1;BYMONTHDAY=1")
    assert window("FREQ=YEARLY;INTERVAL=999").holds(utc("2025-01-06T08:30"))
    assert window("FREQ=YEARLY;INTERVAL=49;BYMONTH=1;BYMONTHDAY=1").holds(utc("2074-01-01T08:30"))


@pytest.mark.parametrize("year", [2000, 2099])
def test_windows_start_in_this_century(year: int) -> None:
    assert window("FREQ=DAILY", starts=f"{year}-01-01T08:00").holds(utc(f"{year}-01-02T08:00"))


@pytest.mark.parametrize("year", [1970, 1999, 2100, 9999])
def test_one_that_would_have_run_out_unnoticed_is_refused(year: int) -> None:
    assert f"a stretch cannot start in {year}; name a first start from 2000 to 2099" in fault(
        starts=f"{year}-06-01T08:00"
    )


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        (
            "timezone",
            "Europe/Atlantis",
            "'Europe/Atlantis' is not a time zone; write one such as Europe/Berlin, or UTC",
        ),
        ("timezone", "", "'' is not a time zone"),
        ("timezone", "x" * 81, f" '{'x' * 80}' is not a time zone"),
        ("timezone", "../etc/passwd", "is not a time zone"),
        ("starts", "2025-01-06T08:00Z", "should not have timezone info"),
        ("minutes", 0, "greater than or equal to 1"),
        ("minutes", 366 * 24 * 60 + 1, "less than or equal to 527040"),
        ("rule", "FREQ=DAILY;BYMONTH=01" + ",1" * 240, "at most 500 characters"),
        ("reason", "x" * 201, "at most 200 characters"),
        ("until", "2026", "Extra inputs"),
    ],
)
def test_a_field_that_is_out_of_bounds_is_refused(field: str, value: Any, why: str) -> None:
    assert why in fault(**{field: value})


def test_the_longest_texts_are_taken() -> None:
    assert window("FREQ=DAILY;BYMONTH=1" + ",1" * 240, reason="x" * 200).holds(utc("2025-01-07T08:00"))


def test_a_window_without_more_is_once_in_utc_and_cannot_be_changed() -> None:
    once = Window(starts=datetime(2025, 1, 6, 8), minutes=1)  # noqa: DTZ001 — by the wall clock of its zone
    assert (once.rule, once.timezone, once.reason) == ("", "UTC", "")
    with pytest.raises(ValidationError, match="frozen"):
        once.minutes = 2  # type: ignore[misc]  # that is what is tried


def some_values(*values: str) -> st.SearchStrategy[str]:
    """One or two of them, as a part of a rule has them."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2).map(",".join)


some_parts = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY"])},
    optional={
        "INTERVAL": st.sampled_from(["1", "2", "999"]),
        "UNTIL": st.sampled_from(["20250401T020000", "99991231T235959", "00000101T000000"]),
        "BYMONTH": some_values("1", "2", "12", "13"),
        "BYMONTHDAY": some_values("1", "-1", "29", "32"),
        "BYYEARDAY": some_values("1", "-366", "999"),
        "BYWEEKNO": some_values("1", "53", "-1", "99"),
        "BYDAY": some_values("MO", "SU", "1TU", "5SU", "-5MO", "6MO"),
        "BYSETPOS": some_values("1", "-1", "5", "367"),
        "WKST": some_values("MO", "SU"),
    },
)
some_moments = st.datetimes(min_value=datetime(2024, 12, 1), max_value=datetime(2027, 1, 1))  # noqa: DTZ001 — UTC below


@settings(max_examples=25)
@given(some_parts, some_moments)
def test_any_rule_is_refused_or_can_be_asked(parts: dict[str, str], at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    try:
        tried = window(";".join(f"{name}={text}" for name, text in parts.items()), timezone="Europe/Berlin")
    except ValidationError:
        return
    end, following = tried.end_of(moment), tried.next_start(moment)
    assert (end > moment) is tried.holds(moment)
    assert following is None or following > moment
