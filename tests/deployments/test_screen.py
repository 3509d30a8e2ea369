"""Texts from a server or a ledger are printed, and cannot command the terminal."""

import io

import pytest
from rich.markdown import Markdown
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from deployments.screen import Screen

EVIL = "ok\x1b[2J\x1b]0;title\x07\r\u202eevil\u200b\x9b31m"


def table() -> Table:
    made = Table()
    made.add_column(EVIL)
    made.add_row(EVIL)
    return made


@pytest.mark.parametrize("what", [EVIL, Text(EVIL), Markdown(f"# {EVIL}\n\n- {EVIL}"), Rule(Text(EVIL)), table()])
def test_nothing_that_would_act_reaches_the_terminal(what: object) -> None:
    file = io.StringIO()
    screen = Screen(file=file, width=100, force_terminal=False)
    screen.print(what, markup=False)
    written = file.getvalue()
    assert "ok" in written
    assert "evil" in written
    assert all(char.isprintable() or char == "\n" for char in written), written


def test_its_own_styles_are_kept() -> None:
    file = io.StringIO()
    Screen(file=file, force_terminal=True, color_system="standard").print("done", style="green")
    assert file.getvalue() == "\x1b[32mdone\x1b[0m\n"
