"""How the report's plots look, and how one becomes SVG inside a page. Equal figures give equal bytes: the page is signed."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CANDIDATE, CHAMPION = "#0072b2", "#d55e00"
"""Told apart by the colour-blind, too (Okabe and Ito); the champion's lines are dashed besides."""
INK, SOFT, GRID = "#1f2933", "#52606d", "#e4e8ed"
WIDTH = 10.6
"""Inches: the page's column at 96 pixels an inch."""
STYLE = {
    "svg.fonttype": "path",  # letters as shapes: the same in every browser
    "text.parse_math": False,  # names are text, whatever dollar signs are in them
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#c5ccd3",
    "axes.labelcolor": SOFT,
    "axes.titlesize": 9,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "lines.dashed_pattern": [4, 1.5],
    "legend.frameon": False,
    "legend.handlelength": 1.8,
}

_ONE_AT_A_TIME = Lock()  # matplotlib's settings are the process's: two threads would draw with each other's
_IDS = re.compile(r'(\sid="|href="#|url\(#)')
_UNUSED = re.compile(r' id="[A-Za-z][A-Za-z0-9.]*_\d+"|^\s+', re.MULTILINE)  # names of groups, and indentation
_DECIMALS = re.compile(r"\b([1-9]\d*\.\d\d)\d+")  # a hundredth of a point is enough; scales are below 1
_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)  # every text once more, as it was written


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Within it figures are made and written; nobody else's settings count. name: of the plot, see `inline_svg`."""
    from matplotlib import style

    with _ONE_AT_A_TIME, style.context([STYLE, {"svg.hashsalt": name}], after_reset=True):
        yield


def new_figure(height: float) -> "Figure":
    """As wide as the page; height in inches."""
    from matplotlib.figure import Figure  # without pyplot: no state that threads share

    return Figure(figsize=(WIDTH, height), layout="constrained")


def inline_svg(figure: "Figure", name: str, title: str) -> str:
    """The drawing, to stand in HTML.

    name: unique in the page, letters and digits; every id inside starts with it. title: for those who cannot see it.
    """
    from markupsafe import escape

    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    drawn = written.getvalue().partition("<svg")[2]
    for pattern, replacement in ((_COMMENTS, ""), (_UNUSED, ""), (_DECIMALS, r"\1"), (_IDS, rf"\g<1>{name}-")):
        drawn = pattern.sub(replacement, drawn)
    head, _, rest = drawn.partition(">")
    return f'<svg {head.strip()} role="img" aria-labelledby="{name}-title">\n<title id="{name}-title">{escape(title)}</title>{rest}'
