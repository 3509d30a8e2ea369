"""Rows for a person, or for another program. Nothing is cut, and nothing is broken but at a blank: names are copied.

On a terminal they are columns; where those do not fit, each row is a block of `column  value` lines. Where nobody looks (a pipe, a file) each
row is one line with tabs between its cells.
"""

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table as Grid
from rich.text import Text

from deployments.advice import as_typed
from deployments.line_breaks import WORD, broken_at_blanks
from domain.shown import shown

GAP = 2
NARROWEST = 24
"""Characters: a column that is wider may be broken at its blanks, down to this width; a narrower one is never broken."""


class Table:
    """A renderable of rich; nothing at all where it has no rows."""

    def __init__(self, *columns: str) -> None:
        self._columns = columns
        self._rows: list[tuple[list[str], str]] = []

    def add_row(self, *cells: object, style: str = "") -> None:
        """A cell for each column, as text of one line; None is an empty one."""
        if len(cells) != len(self._columns):
            raise ValueError(f"{len(cells)} cells for {len(self._columns)} columns")
        self._rows.append((["" if cell is None else as_typed(shown(cell)) for cell in cells], style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._rows:
            return
        if not console.is_terminal:
            for line in (self._columns, *(cells for cells, _ in self._rows)):
                yield Segment("\t".join(line) + "\n")
        elif (widths := self._widths(options.max_width)) is not None:
            yield self._grid(widths)
        else:
            yield from self._blocks(options.max_width)

    def _widths(self, room: int) -> list[int] | None:
        """Of the columns; None where they do not fit."""
        texts = [[name, *(cells[at] for cells, _ in self._rows)] for at, name in enumerate(self._columns)]
        wanted = [max(map(cell_len, column)) for column in texts]
        widths = [
            width if width <= NARROWEST else max(NARROWEST, _longest_word(column))
            for width, column in zip(wanted, texts, strict=True)
        ]
        left = room - sum(widths) - GAP * (len(widths) - 1)
        if left < 0:
            return None
        for at, width in enumerate(wanted):
            more = min(left, width - widths[at])
            widths[at] += more
            left -= more
        return widths

    def _grid(self, widths: list[int]) -> Grid:
        grid = Grid(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
        for name, width in zip(self._columns, widths, strict=True):
            grid.add_column(Text(name), width=width)
        for cells, style in self._rows:
            grid.add_row(*map(broken_at_blanks, map(Text, cells), widths), style=style)
        return grid

    def _blocks(self, room: int) -> RenderResult:
        indent = max(map(cell_len, self._columns)) + GAP
        for at, (cells, style) in enumerate(self._rows):
            lines = [""] if at else []
            for name, cell in zip(self._columns, cells, strict=True):
                if cell:
                    told = broken_at_blanks(Text(cell), room - indent).plain
                    lines.append(f"{name:{indent}}" + told.replace("\n", "\n" + " " * indent))
            yield Text("\n".join(lines), style, no_wrap=True, overflow="ignore")


def _longest_word(texts: list[str]) -> int:
    return max((cell_len(word.strip()) for text in texts for word in WORD.findall(text)), default=0)
