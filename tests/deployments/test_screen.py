"""Texts from a server or a ledger are printed, and cannot command the terminal."""

import io
import shlex
import subprocess
import sys

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


def test_who_reads_no_further_ends_nothing_that_is_under_way() -> None:
    program = """
from deployments.screen import console
import sys
for number in range(20_000):
    console.print(f"line {number}")
print("done", file=sys.stderr)
"""
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, timeout=60)  # noqa: S602  # as a person types it
    assert (done.stdout, done.stderr) == ("line 0\n", "done\n")
