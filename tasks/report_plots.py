"""Plots of the evidence report, as SVG that stands inside the page. Equal data give equal bytes: the page is signed."""

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CANDIDATE, CHAMPION = "#0072b2", "#d55e00"
"""Told apart by the colour-blind, too (Okabe and Ito)."""
INK, GRID = "#1f2933", "#d9dee4"
TAIL = 0.005
"""Share of errors at each end that the histogram leaves out, and says so."""


def comparison_plot(rows: Sequence[tuple[str, float, float | None]], metric: str) -> str:
    """One line a circuit: the champion's value and the candidate's. rows: circuit, candidate, champion."""
    with _style():
        figure = _figure(10.6, 0.9 + 0.34 * len(rows))
        axes = figure.subplots()
        for at, (_, ours, theirs) in enumerate(rows):
            if theirs is not None:
                axes.plot([theirs, ours], [at, at], color=GRID, linewidth=3, zorder=1)
                axes.scatter([theirs], [at], color=CHAMPION, s=46, marker="s", zorder=2)
            axes.scatter([ours], [at], color=CANDIDATE, s=52, zorder=3)
        axes.scatter([], [], color=CANDIDATE, s=52, label="candidate")
        axes.scatter([], [], color=CHAMPION, s=46, marker="s", label="champion")
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axes.invert_yaxis()
        axes.set_xlabel(metric)
        axes.margins(x=0.08, y=0.4 / max(len(rows), 1))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        return _svg(figure, f"{metric} of candidate and champion, circuit by circuit")


def circuit_plot(name: str, predictions: "pd.DataFrame") -> str:
    """Left: the error of each day. Right: how the errors are distributed. predictions: see `tasks.predictions`."""
    import pandas as pd

    target = target_of(predictions)
    days = pd.to_datetime(predictions["timestamp"], utc=True).dt.floor("D")
    with _style():
        figure = _figure(10.6, 2.8)
        over_time, spread = figure.subplots(1, 2, gridspec_kw={"width_ratios": [3, 2]})
        for who, colour in (("champion", CHAMPION), ("candidate", CANDIDATE)):
            if who in predictions:
                error = predictions[who] - predictions[target]
                daily = (error**2).groupby(days).mean() ** 0.5
                over_time.plot(daily.index, daily.to_numpy(), color=colour, linewidth=1.6, label=who)
                _histogram(spread, error, colour, who)
        over_time.set_ylabel("daily RMSE")
        over_time.set_title(f"{target}, each held-out day", loc="left", fontsize=9)
        spread.set_title("predicted − measured", loc="left", fontsize=9)
        over_time.set_ylim(bottom=0)
        over_time.tick_params(axis="x", rotation=30)
        over_time.legend(frameon=False)
        spread.axvline(0, color=INK, linewidth=0.8)
        spread.set_xlabel(f"error of {target} (middle {1 - 2 * TAIL:.0%} of rows)")
        spread.set_ylabel("rows")
        return _svg(figure, f"{name}: daily error through the held-out days, and distribution of errors")


def target_of(predictions: "pd.DataFrame") -> str:
    """The measured column: the one that is neither time nor prediction."""
    return str(next(one for one in predictions.columns if one not in {"timestamp", "candidate", "champion"}))


def _histogram(axes: "Axes", error: "pd.Series[float]", colour: str, label: str) -> None:
    middle = error[error.between(error.quantile(TAIL), error.quantile(1 - TAIL))]
    axes.hist(middle.to_numpy(), bins=40, histtype="step", linewidth=1.6, color=colour, label=label)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # without pyplot: no state that threads share

    return Figure(figsize=(width, height), layout="constrained")


def _style() -> AbstractContextManager[None]:
    from matplotlib import rc_context

    return rc_context(
        {
            "svg.hashsalt": "signalbox",
            "svg.fonttype": "path",  # letters as shapes: the same in every browser
            "font.size": 9,
            "axes.edgecolor": GRID,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": GRID,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def _svg(figure: "Figure", title: str) -> str:
    """The drawing without its XML head; title: what it shows, for those who cannot see it."""
    from markupsafe import escape

    page = io.StringIO()
    figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    drawing = page.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    head, _, rest = drawing.partition(">")
    return f'{head} role="img">\n<title>{escape(title)}</title>{rest}'
