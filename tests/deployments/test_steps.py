"""One display of progress: plain lines where nobody watches, one line that moves where somebody does, and both are alive."""

import io
import logging
import re
import time
from collections.abc import Iterator

import pytest
from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console

from blocks.clients.sdk_noise import VERBOSE
from deployments import steps as display
from deployments.screen import Screen
from deployments.steps import Steps


class Fleet:
    """As `flows.fan_out.progress.Progress` shows itself."""

    text, finished = "deploy at production: 1 of 4 circuits", False


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VERBOSE, raising=False)


def screen(terminal: bool = False) -> tuple[Steps, io.StringIO]:
    file = io.StringIO()
    return Steps(Screen(file=file, width=70, force_terminal=terminal)), file


def test_a_step_elsewhere_than_on_a_terminal_is_two_plain_lines() -> None:
    steps, file = screen()
    with steps.step("train [all]"):
        pass
    assert re.fullmatch(r"→ train \[all\] …\n✓ train \[all\]: \d\.\d s\n", file.getvalue())
    assert list(steps.seconds) == ["train [all]"]


def test_a_step_that_fails_says_so_and_counts_for_nothing() -> None:
    steps, file = screen()
    with pytest.raises(ValueError, match="no"), steps.step("train"):
        raise ValueError("no")
    assert re.fullmatch(r"✗ train: \d\.\d s", file.getvalue().splitlines()[-1])
    assert steps.seconds == {}


def test_a_long_step_says_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "ALIVE_EVERY", 0.02)
    steps, file = screen()
    with steps.step("release"):
        steps.watch(Fleet())
        until(lambda: "  … release · deploy at production: 1 of 4 circuits · " in file.getvalue())
    assert "\x1b" not in file.getvalue()
    lines = file.getvalue().count("\n")
    time.sleep(0.1)
    assert file.getvalue().count("\n") == lines  # a step that has ended says no more


def test_nothing_is_said_while_somebody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "ALIVE_EVERY", 0.02)
    steps, file = screen()

    def ask(question: str) -> str:
        before = file.getvalue()
        time.sleep(0.1)
        assert file.getvalue() == before
        return f"{question} yes"

    with steps.step("release"):
        assert steps.held_for(ask)("approve?") == "approve? yes"
        until(lambda: "  … release" in file.getvalue())


def test_a_part_that_is_done_leaves_a_line() -> None:
    steps, file = screen()
    fleet = Fleet()
    with steps.step("release"):
        steps.watch(fleet)
        fleet.text, fleet.finished = "deploy at production: 4 of 4 circuits, 1 failed", True
        steps.watch(fleet)
    assert file.getvalue().splitlines()[1].startswith("  deploy at production: 4 of 4 circuits, 1 failed, 0.")


def test_on_a_terminal_one_line_moves_and_is_gone_at_the_end() -> None:
    steps, file = screen(terminal=True)
    with steps.step("release"):
        steps.watch(Fleet())
        until(lambda: "release · deploy at production: 1 of 4 circuits · " in file.getvalue())
        with steps.held():
            held = file.getvalue()
            time.sleep(0.3)
            assert file.getvalue() == held
        until(lambda: len(file.getvalue()) > len(held))
    assert "→" not in file.getvalue()
    assert file.getvalue().rstrip().endswith("✓ release: " + f"{steps.seconds['release']:.1f} s\x1b[0m")
    assert file.getvalue().endswith("\n")


def test_a_line_that_is_too_long_stays_one_line() -> None:
    steps, file = screen(terminal=True)
    with steps.step("release: " + "a-stage-of-many " * 20):
        until(lambda: "…" in file.getvalue())
        assert "\n" not in file.getvalue()


def test_a_step_that_ends_while_somebody_is_asked_leaves_no_line_that_moves() -> None:
    steps, file = screen(terminal=True)
    with steps.step("release"):
        held = steps.held()
        held.__enter__()
    held.__exit__(None, None, None)
    said = file.getvalue()
    time.sleep(0.3)
    assert file.getvalue() == said


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> Iterator[PrefectConsoleHandler]:
    handler = PrefectConsoleHandler(stream=io.StringIO())
    handler.console = Console(file=io.StringIO(), force_terminal=getattr(request, "param", True))
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_a_warning_meanwhile_is_printed_above_the_line(logged: PrefectConsoleHandler) -> None:
    own = logged.console
    steps, file = screen(terminal=True)
    with steps.step("release"):
        assert logged.console is not own
        logging.getLogger("signalbox.test").warning("a circuit goes no further")
    assert "a circuit goes no further\n" in file.getvalue()
    assert logged.console is own


@pytest.mark.parametrize("logged", [False], indirect=True)
def test_a_warning_that_is_kept_in_a_file_stays_there(logged: PrefectConsoleHandler) -> None:
    steps, file = screen(terminal=True)
    with steps.step("release"):
        logging.getLogger("signalbox.test").warning("a circuit goes no further")
    assert "a circuit goes no further" not in file.getvalue()
    assert isinstance(logged.console.file, io.StringIO)
    assert "a circuit goes no further" in logged.console.file.getvalue()


def test_verbose_has_no_line_that_moves_among_all_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VERBOSE, "1")
    steps, file = screen(terminal=True)
    with steps.step("release"):
        assert "→ release …" in file.getvalue()


def test_the_table_has_every_step_and_their_sum() -> None:
    steps, _ = screen()
    steps.seconds |= {"prepare": 1.25, "train": 2.5}
    console = Console(file=io.StringIO(), width=60)
    console.print(steps.table())
    assert isinstance(console.file, io.StringIO)
    assert [line.split() for line in console.file.getvalue().splitlines()] == [
        ["step", "seconds"],
        ["prepare", "1.2"],
        ["train", "2.5"],
        ["all", "3.8"],
    ]


def until(happened, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
