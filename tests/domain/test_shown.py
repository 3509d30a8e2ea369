"""Text from outside says what it says, and does nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shown import MARK, shown, shown_lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fine", "fine"),
        ("a\r# Approved\n\n## by all", "a # Approved ## by all"),
        ("\x1b[2Jgone", "[2Jgone"),
        ("\u202eright\u2066", "right"),
        ("ünïcode 温度 °C", "ünïcode 温度 °C"),
        (3, "3"),
        ("", ""),
    ],
)
def test_one_line(text: object, line: str) -> None:
    assert shown(text) == line


def test_several_lines_keep_their_ends_and_mark_the_rest() -> None:
    assert shown_lines("a\nb\r\x1b[0m\tc") == f"a\nb{MARK}{MARK}[0m\tc"


@given(st.text())
def test_nothing_is_left_that_does_not_print(text: str) -> None:
    assert shown(text).isprintable()
    assert shown_lines(text).replace("\n", "").replace("\t", "").isprintable()
