"""Whatever proves once is found in whatever field it was typed, and one mark of it meets every later sight of it."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest
from proof_making import claims, token

from domain.approval.proofs.entra_token import token_digest
from domain.approval.proofs.one_time_code import STEP_SECONDS, STEPS_AHEAD, STEPS_BEFORE
from domain.approval.proofs.single_use import MOST_CODES, OneTime, one_time

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
STEP = timedelta(seconds=STEP_SECONDS)
TOKEN = token(claims("11111111-1111-4111-8111-111111111112", NOON))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("123456", ["123456"]),
        ("123 456", ["123456"]),
        ("12-34-56", ["123456"]),
        ("my code is 123456.", ["123456"]),
        ("٠٠٠٠٤٢", ["000042"]),
        ("123456 or 654321", ["123456", "654321"]),
        ("12345", []),
        ("1234567", []),
        ("20261130", []),
        ("approve", []),
        ("", []),
    ],
)
def test_a_code_is_found_wherever_it_stands(text: str, codes: list[str]) -> None:
    assert [one.value for one in one_time(text)] == codes
    assert {one.kind for one in one_time(text)} <= {"code"}


def test_a_long_text_has_a_few_at_most() -> None:
    assert len(list(one_time("123456 " * 1000))) == MOST_CODES == 10


def test_what_was_found_stays_as_it_is() -> None:
    [one] = one_time("123456")
    with pytest.raises(FrozenInstanceError):
        one.value = "654321"  # type: ignore[misc]  # this is what must fail


@pytest.mark.parametrize("typed", [TOKEN, f" {TOKEN}\n", f"{TOKEN[:-8]}AAAAAAAA"])
def test_a_token_is_known_by_what_is_signed(typed: str) -> None:
    assert list(one_time(typed)) == [OneTime("token", token_digest(TOKEN))]


def test_a_token_s_mark_stands_for_ever() -> None:
    [one] = one_time(TOKEN)
    assert one.marks(NOON) == one.marks(NOON + timedelta(days=9)) == (f"token {one.value}", "")


@pytest.mark.parametrize("first", range(STEPS_BEFORE + STEPS_AHEAD))
@pytest.mark.parametrize("later", range(STEPS_BEFORE + STEPS_AHEAD + 1))
def test_whenever_a_code_could_count_again_the_mark_of_its_first_sight_is_met(first: int, later: int) -> None:
    code = OneTime("code", "123456")
    mark, _ = code.marks(NOON + first * STEP)
    assert mark in code.marks(NOON + (first + later) * STEP)


def test_the_same_digits_are_another_code_minutes_later_and_other_digits_always_are() -> None:
    code = OneTime("code", "123456")
    mark, before = code.marks(NOON)
    assert not {mark, before} & {*code.marks(NOON + 3 * (STEPS_BEFORE + STEPS_AHEAD) * STEP)}
    assert not {mark, before} & {*OneTime("code", "123457").marks(NOON)}
    assert "123456" not in mark + before
