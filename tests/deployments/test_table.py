"""Rows on terminals of every width, and where nobody looks: no name is ever broken or cut."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from deployments.approval.prompts import EvidenceMarkdown
from deployments.line_breaks import broken_at_blanks
from deployments.screen import Screen
from deployments.table import Table

DIGEST = "sha256:" + "0123456789abcdef" * 4
NAMES = (
    "20260102.1",
    "HAUTEBORNE/R80711",
    "hauteborne-r80711:1",
    "deployment-20260102-1",
    DIGEST,
    "2026-01-02T03:04:05Z",
)
WHY = "somebody changed it by hand: it is not what was released; roll back, or release again"
WIDTHS = (20, 40, 60, 80, 120, 200, 300)


def table() -> Table:
    made = Table("release", "circuit", "model version", "deployment", "digest", "deployed at", "why")
    made.add_row(*NAMES, WHY)
    made.add_row(*NAMES, "")
    return made


def at(width: int, what: object, terminal: bool = True) -> str:
    file = io.StringIO()
    Screen(file=file, width=width, force_terminal=terminal, color_system=None).print(what)
    return file.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_is_broken_on_a_terminal_of_any_width(width: int) -> None:
    shown = at(width, table())
    for name in NAMES:
        assert shown.count(name) == 2
    assert " ".join(shown.split()).count("somebody changed it by") == 1
    assert "…" not in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_the_evidence_of_a_gate_follows_the_same_rule(width: int) -> None:
    cells = " | ".join(NAMES)
    shown = at(width, EvidenceMarkdown(f"| {' | '.join('abcdef')} |\n|{'---|' * 6}\n| {cells} |"))
    assert all(name in shown for name in NAMES)


def test_columns_stand_side_by_side_where_they_fit_and_rows_are_blocks_where_not() -> None:
    made = Table("circuit", "version")
    made.add_row("HAUTEBORNE/R80711", "1")
    made.add_row("HAUTEBORNE/R80721", None)
    assert [line.rstrip() for line in at(40, made).splitlines()] == [
        "circuit            version",
        "HAUTEBORNE/R80711  1",
        "HAUTEBORNE/R80721",
    ]
    assert at(20, made) == "circuit  HAUTEBORNE/R80711\nversion  1\n\ncircuit  HAUTEBORNE/R80721\n"


def test_only_a_wide_column_is_broken_and_only_at_its_blanks() -> None:
    made = Table("at", "why")
    made.add_row("2026-01-02 03:04 UTC", WHY)
    lines = at(60, made).splitlines()
    assert lines[1].startswith("2026-01-02 03:04 UTC  somebody changed")
    assert len(lines) > 2
    assert all(len(line) <= 60 for line in lines)


def test_where_nobody_looks_a_row_is_one_line_with_tabs() -> None:
    header, first, second = at(40, table(), terminal=False).splitlines()
    assert header.split("\t")[:2] == ["release", "circuit"]
    assert first.split("\t") == [*NAMES, WHY]
    assert second.split("\t") == [*NAMES, ""]


def test_a_text_cannot_make_cells_or_rows() -> None:
    made = Table("circuit", "why")
    made.add_row("A1", "two\nlines\tand \x1b[2J more")
    for terminal in (True, False):
        shown = at(80, made, terminal)
        assert "two lines and [2J more" in shown
        assert len(shown.splitlines()) == 2


def test_brackets_in_a_cell_are_text() -> None:
    made = Table("why")
    made.add_row("[red]it hums[/red]")
    assert "[red]it hums[/red]" in at(80, made)


def test_a_table_without_rows_is_nothing_and_a_row_has_every_cell() -> None:
    assert at(80, Table("circuit"), terminal=False) == ""
    assert at(80, Table("circuit")) == ""
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("circuit", "why").add_row("A1")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_line_is_broken_at_blanks_and_never_in_a_word(width: int) -> None:
    assert DIGEST in at(width, f"newest fact 12 is {DIGEST}, and all is well")
    assert at(width, WHY, terminal=False) == f"{WHY}\n"
    assert max(map(len, at(width, WHY).splitlines())) <= width


def test_a_console_of_rich_shows_it_too() -> None:
    file = io.StringIO()
    Console(file=file, width=80, force_terminal=True, color_system=None).print(table())
    assert NAMES[1] in file.getvalue()


def test_a_command_is_not_broken_so_that_it_can_be_copied() -> None:
    advice = (
        "end the hold: `signalbox unhold 20261130.2 --as NAME --reason WHY --workload plants`, or release newer models"
    )
    lines = broken_at_blanks(Text(advice), 30).plain.split("\n")
    assert "`signalbox unhold 20261130.2 --as NAME --reason WHY --workload plants`," in lines
    assert " ".join(lines) == advice
    assert broken_at_blanks(Text("a ` alone is no command that goes on"), 12).plain.count("\n") > 1


def test_a_table_whose_commands_do_not_fit_is_stacked() -> None:
    table = Table("needs somebody", "why", "what to do")
    command = "`signalbox unhold 20261130.2 --as NAME --reason WHY --workload plants`"
    table.add_row("release 20261130.2", f"{WHY}; {WHY}", command)
    assert command.removeprefix("`") in at(120, table)  # it is told as it can be typed here
