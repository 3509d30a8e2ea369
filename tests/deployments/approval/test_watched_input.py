"""Somebody is asked at a terminal until they answer, or nobody waits for it."""

import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from deployments.approval import watched_input
from deployments.approval.watched_input import NoLongerWaitedForError, WatchedInput


@pytest.fixture
def line() -> Iterator[tuple[TextIO, int]]:
    """A terminal, and the end where somebody types."""
    types, reads = os.openpty()
    with os.fdopen(reads, closefd=True) as terminal:
        yield terminal, types
    os.close(types)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_input, "LOOKED_EVERY", 0.02)


def test_what_is_typed_comes_without_its_end_one_line_after_the_other(line: tuple[TextIO, int]) -> None:
    terminal, keys = line
    os.write(keys, b"approve\n\nada\n")
    typed = WatchedInput(terminal, lambda: "")
    assert [typed.readline() for _ in range(3)] == ["approve", "", "ada"]


def test_the_end_of_the_input_is_not_an_empty_answer(line: tuple[TextIO, int]) -> None:
    terminal, keys = line
    os.write(keys, b"\x04")
    with pytest.raises(EOFError):
        WatchedInput(terminal, lambda: "").readline()


def test_nobody_waits_any_longer_and_the_reason_is_said(line: tuple[TextIO, int]) -> None:
    terminal, keys = line
    os.write(keys, b"half a wo")
    looks = iter(["", "", "it was answered elsewhere"])
    with pytest.raises(NoLongerWaitedForError, match=r"^it was answered elsewhere$"):
        WatchedInput(terminal, lambda: next(looks)).readline()
