"""What lives for a while is announced, then deleted; never without both, and never when it is not ours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rollout.expiry import ANNOUNCED_AT, ANNOUNCED_FOR, EXPIRES_AT, NOTICE, ExpiryStep, announced, due, prolonged
from domain.utc import utc_text

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # clocks in Europe change half an hour later
OURS = {"release_id": "20260328.1"}


def lives_until(end: datetime) -> dict[str, str]:
    return {**OURS, EXPIRES_AT: utc_text(end)}


def test_the_day_goes_by() -> None:
    tags = lives_until(NOW + timedelta(hours=24))
    early = due(tags, NOW)
    assert (early.step, early.until) == (ExpiryStep.LEAVE, NOW + timedelta(hours=23))
    told = NOW + timedelta(hours=23)
    assert due(tags, told - timedelta(seconds=1)).step is ExpiryStep.LEAVE
    assert due(tags, told).step is ExpiryStep.ANNOUNCE
    tags |= announced(tags, told)
    assert due(tags, told).step is ExpiryStep.LEAVE
    waits = due(tags, NOW + timedelta(hours=24, seconds=-1))
    assert (waits.step, waits.until) == (ExpiryStep.LEAVE, NOW + timedelta(hours=24))
    gone = due(tags, NOW + timedelta(hours=24))
    assert gone.step is ExpiryStep.DELETE
    assert gone.reason == "its time was up at 2026-03-30T00:30:00Z, announced at 2026-03-29T23:30:00Z"


def test_who_looks_late_announces_first_and_waits() -> None:
    tags = lives_until(NOW - timedelta(days=7))
    assert due(tags, NOW).step is ExpiryStep.ANNOUNCE
    tags |= announced(tags, NOW)
    assert due(tags, NOW + NOTICE - timedelta(seconds=1)).step is ExpiryStep.LEAVE
    assert due(tags, NOW + NOTICE).step is ExpiryStep.DELETE


def test_another_end_makes_the_announcement_void() -> None:
    tags = lives_until(NOW)
    tags |= announced(tags, NOW - NOTICE)
    assert due(tags, NOW).step is ExpiryStep.DELETE
    later = {**tags, **prolonged(tags, NOW + timedelta(hours=24))}
    assert due(later, NOW).step is ExpiryStep.LEAVE
    assert due(later, NOW + timedelta(hours=24)).step is ExpiryStep.ANNOUNCE
    assert due({**tags, **lives_until(NOW + timedelta(hours=2))}, NOW).step is ExpiryStep.LEAVE  # deployed again


def test_a_life_is_never_shortened_and_an_end_that_cannot_be_read_is_replaced() -> None:
    tags, sooner = lives_until(NOW + timedelta(hours=20)), NOW + timedelta(hours=1)
    assert prolonged(tags, sooner) == {EXPIRES_AT: tags[EXPIRES_AT]}
    assert prolonged({**tags, EXPIRES_AT: "tomorrow"}, sooner) == {EXPIRES_AT: utc_text(sooner)}


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {EXPIRES_AT: utc_text(NOW - timedelta(days=9))},
        {**OURS},
        {"release_id": "", EXPIRES_AT: utc_text(NOW)},
        {**OURS, EXPIRES_AT: "yesterday"},
        {**OURS, EXPIRES_AT: "2026-01-01T00:00:00"},
        {**OURS, EXPIRES_AT: "9999-12-31T23:59:59Z"},
        {**OURS, EXPIRES_AT: ""},
    ],
)
def test_what_is_not_ours_or_has_no_end_is_left_alone(tags: dict[str, str]) -> None:
    marked = {**tags, ANNOUNCED_AT: utc_text(NOW - timedelta(days=2)), ANNOUNCED_FOR: tags.get(EXPIRES_AT, "")}
    for one in (tags, marked):
        assert due(one, NOW + timedelta(days=365)).step is ExpiryStep.LEAVE


def test_an_announcement_that_cannot_be_read_is_made_again() -> None:
    tags = {**lives_until(NOW), ANNOUNCED_AT: "soon", ANNOUNCED_FOR: utc_text(NOW)}
    assert due(tags, NOW).step is ExpiryStep.ANNOUNCE


@given(st.data())
def test_whenever_somebody_looks_and_however_often_it_dies(data: st.DataObject) -> None:
    """Runs at any moments; some die before the tag is written, some after; people prolong in between."""
    now, tags = NOW, lives_until(NOW + timedelta(hours=24))
    told: dict[str, datetime] = {}
    for _ in range(data.draw(st.integers(1, 12))):
        now += timedelta(minutes=data.draw(st.integers(0, 1500)))
        if data.draw(st.integers(0, 5)) == 0:
            tags |= prolonged(tags, now + timedelta(hours=data.draw(st.integers(1, 48))))
        step = due(tags, now).step
        end = datetime.fromisoformat(tags[EXPIRES_AT])
        if step is ExpiryStep.ANNOUNCE:
            assert now >= end - NOTICE
            if data.draw(st.booleans()):  # else it died after it had told people
                assert tags[EXPIRES_AT] not in told, "announced twice"
                tags |= announced(tags, now)
                told[tags[EXPIRES_AT]] = now
        elif step is ExpiryStep.DELETE:
            assert now >= end
            assert now - told[tags[EXPIRES_AT]] >= NOTICE
            return
        elif tags[EXPIRES_AT] in told:
            assert now < max(end, told[tags[EXPIRES_AT]] + NOTICE)
        else:
            assert now < end - NOTICE
