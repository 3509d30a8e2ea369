"""Five wrong codes within a quarter of an hour lock an authenticator for an hour."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval.proofs.lockout import LOCKED_FOR, MAX_WRONG_CODES, WITHIN, locked_until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = st.lists(st.integers(-20_000, 0), max_size=40)


def came(*minutes: float) -> list[datetime]:
    """Moments, in minutes from noon."""
    return [NOON + timedelta(minutes=one) for one in minutes]


@pytest.mark.parametrize(
    ("minutes", "locked_for"),
    [
        ((), None),
        ((0, 0, 0, 0), None),
        ((0, 0, 0, 0, 0), 60),
        ((-15, -12, -9, -6, 0), 60),
        ((-15.1, -12, -9, -6, 0), None),
        ((-59, -59, -59, -59, -59), 1),
        ((-60, -60, -60, -60, -60), None),
        ((-70, -69, -68, -67, -66), None),
        ((-50, -50, -50, -50, -40, -39, -20), 21),
        ((0, -9, -3, -12, -15), 60),
        ((*[-70] * 5, *[-30] * 5), 30),
    ],
)
def test_the_fifth_within_a_quarter_of_an_hour_locks_for_an_hour(
    minutes: tuple[float, ...], locked_for: float | None
) -> None:
    until = None if locked_for is None else NOON + timedelta(minutes=locked_for)
    assert locked_until(came(*minutes), NOON) == until


def test_the_numbers_are_those_that_are_said() -> None:
    assert (5, timedelta(minutes=15), timedelta(hours=1)) == (MAX_WRONG_CODES, WITHIN, LOCKED_FOR)


@given(SECONDS)
def test_no_six_are_looked_at_within_a_quarter_of_an_hour(seconds: list[int]) -> None:
    """Who guesses on and on, and is looked at whenever it is not locked."""
    looked_at: list[datetime] = []
    for second in sorted(seconds):
        now = NOON + timedelta(seconds=second)
        if locked_until(looked_at, now) is None:
            looked_at.append(now)
    for first, sixth in zip(looked_at, looked_at[5:], strict=False):
        assert sixth - first > WITHIN


@given(SECONDS)
def test_the_order_in_which_they_are_listed_does_not_matter(seconds: list[int]) -> None:
    moments = [NOON + timedelta(seconds=second) for second in seconds]
    assert locked_until(reversed(moments), NOON) == locked_until(moments, NOON)
