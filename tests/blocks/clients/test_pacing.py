"""A service that refuses is asked less, never before it wants, and more again when all is well."""

from collections.abc import Iterable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.clients.pacing import CALM_SECONDS, FIRST_WAIT, JITTER, LONGEST_WAIT, MOST, START, Pacing

SECONDS = st.floats(0, 3600)
CHANCE = st.floats(0, 1)
REFUSAL = st.tuples(st.just("refused"), SECONDS, SECONDS, st.none() | SECONDS, CHANCE)
ANSWER = st.tuples(st.just("answered"), SECONDS, SECONDS, st.integers(1, MOST), CHANCE)


def after(events: Iterable[tuple[str, float, float, float | int | None, float]]) -> tuple[Pacing, float]:
    """What is known after events, each a while after the one before, of requests that took a while; and the time."""
    pacing, now = Pacing(), 0.0
    for kind, later, took, told, chance in events:
        now += later
        sent = now - took
        refused = kind == "refused"
        pacing = pacing.refused(sent, now, told, chance) if refused else pacing.answered(sent, now, int(told or 1))
    return pacing, now


@given(st.lists(REFUSAL | ANSWER))
def test_there_is_always_room_for_one_request_and_never_for_more_than_most(events) -> None:
    assert 1 <= after(events)[0].at_once <= MOST


@given(st.lists(REFUSAL | ANSWER), SECONDS, SECONDS, SECONDS, CHANCE)
def test_no_request_goes_before_the_service_wants_it(events, later, took, asked, chance) -> None:
    pacing, now = after(events)
    now += later
    refused = pacing.refused(now - took, now, asked, chance)
    assert refused.not_before >= now + asked
    assert refused.not_before >= pacing.not_before
    assert refused.not_before <= max(pacing.not_before, now + asked * (1 + JITTER))


@given(st.lists(REFUSAL | ANSWER), SECONDS, SECONDS, st.none() | SECONDS, CHANCE)
def test_a_refusal_never_lets_more_through_nor_an_answer_less(events, later, took, asked, chance) -> None:
    pacing, now = after(events)
    now += later
    assert pacing.refused(now - took, now, asked, chance).limit <= pacing.limit
    assert pacing.answered(now - took, now, pacing.at_once).limit >= pacing.limit


@given(st.lists(REFUSAL | ANSWER), SECONDS, CHANCE)
def test_one_more_goes_at_once_after_as_many_answers_as_go_at_once(events, later, chance) -> None:
    pacing, now = after(events)
    now += later
    grown = pacing
    for _ in range(pacing.at_once + 1):
        grown = grown.answered(now, now, grown.at_once)
    assert grown.at_once >= min(MOST, pacing.at_once + 1)


def test_a_refusal_halves_once_for_all_that_were_under_way() -> None:
    pacing = Pacing()
    for late in range(START):
        pacing = pacing.refused(sent=1.0, now=2.0 + late / 100, asked=1.0, chance=0.0)
    assert pacing.at_once == START // 2
    assert pacing.not_before == pytest.approx(2.0 + (START - 1) / 100 + 1.0)
    assert pacing.refused(sent=4.0, now=5.0, asked=1.0, chance=0.0).at_once == START // 4


def test_answers_to_requests_from_before_the_refusal_do_not_raise_the_limit() -> None:
    refused = Pacing().refused(sent=1.0, now=2.0, asked=1.0, chance=0.0)
    assert refused.answered(sent=1.5, now=3.0, under_way=START) == refused


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    assert Pacing().answered(sent=1.0, now=2.0, under_way=START // 2 - 1).limit == START
    assert Pacing().answered(sent=1.0, now=2.0, under_way=START // 2).limit > START


def test_waits_without_a_word_double_up_to_the_longest_and_begin_anew_after_an_answer() -> None:
    pacing, now, waits = Pacing(), 0.0, []
    for _ in range(9):
        pacing = pacing.refused(now, now, None, 0.0)
        waits.append(pacing.not_before - now)
        now = pacing.not_before
    assert waits == [FIRST_WAIT * 2**power for power in range(6)] + [LONGEST_WAIT] * 3
    pacing = pacing.answered(now, now, 1).refused(now, now, None, 0.0)
    assert pacing.not_before - now == FIRST_WAIT


def test_a_thousand_refusals_in_a_row_are_no_overflow() -> None:
    pacing = Pacing()
    for round_ in range(2000):
        pacing = pacing.refused(round_, round_, None, 1.0)
    assert pacing.not_before <= 2000 + LONGEST_WAIT * (1 + JITTER)


def test_a_service_throttles_until_it_has_been_calm_for_long_enough() -> None:
    pacing = Pacing()
    for second in range(8):
        pacing = pacing.refused(second, second, 10.0, 0.0)
    assert (pacing.throttled, pacing.throttled_since, pacing.at_once) == (True, 0, 1)
    still = pacing.answered(16.9 + CALM_SECONDS, 16.9 + CALM_SECONDS, 1)
    assert still.throttled
    calm = pacing.answered(17 + CALM_SECONDS, 17 + CALM_SECONDS, 1)
    assert (calm.throttled, calm.throttled_since, calm.at_once) == (False, inf, START)
