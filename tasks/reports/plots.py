"""Plots of the evidence report, as SVG that stands inside the page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.text import cut
from tasks.reports.svg import CANDIDATE, CHAMPION, INK, SOFT, drawing, inline_svg, new_figure
from tasks.verification.prediction_errors import Errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TAIL = 0.005
"""Share of errors at each end that the histogram leaves out, and says so."""
BINS = 48
MARKS = {"candidate": ("o", CANDIDATE), "champion": ("s", CHAMPION)}
LINES = {"candidate": ("-", CANDIDATE), "champion": ("--", CHAMPION)}
LONGEST_NAME = 40
"""Characters of a name in a plot: a longer one would leave no room to plot."""


def comparison_plot(rows: Sequence[tuple[str, float, float | None]], metric: str, lower_is_better: bool) -> str:
    """One line a circuit: from the champion's value to the candidate's. rows: circuit, candidate, champion."""
    name, direction = short(metric), "lower" if lower_is_better else "higher"
    with drawing("comparison"):
        figure = new_figure(1.0 + 0.3 * len(rows))
        axes = figure.subplots()
        for at, (_, ours, theirs) in enumerate(rows):
            if theirs is not None:
                better = ours < theirs if lower_is_better else ours > theirs
                colour = CANDIDATE if better else CHAMPION
                axes.plot([theirs, ours], [at, at], color=colour, linewidth=3.5, alpha=0.3, zorder=1)
                axes.scatter([theirs], [at], color=CHAMPION, s=40, marker="s", zorder=2)
            axes.scatter([ours], [at], color=CANDIDATE, s=48, zorder=3)
        for who, (mark, colour) in MARKS.items():
            if who == "candidate" or any(theirs is not None for *_, theirs in rows):
                axes.scatter([], [], color=colour, marker=mark, s=44, label=who)
        axes.set_yticks(range(len(rows)), [short(circuit) for circuit, *_ in rows], color=INK)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(f"{name} on the held-out rows ({direction} is better)")
        axes.margins(x=0.05)
        axes.grid(visible=False, axis="y")
        _legend(axes)
        return inline_svg(figure, "comparison", f"{metric} of candidate and champion, circuit by circuit")


def gains_plot(gains: Sequence[float]) -> str:
    """How the changes of all circuits are distributed. gains: per cent of the champion's value, positive is better."""
    import numpy as np

    values = np.asarray(gains)
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    with drawing("gains"):
        figure = new_figure(2.3)
        axes = figure.subplots()
        middle = np.append(values[(values >= low) & (values <= high)], 0.0)
        edges = [float(edge) for edge in np.histogram_bin_edges(middle, bins=BINS)]
        for part, colour in ((values[values > 0], CANDIDATE), (values[values <= 0], CHAMPION)):
            axes.hist(part, bins=edges, color=colour, alpha=0.75)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_xlabel(f"candidate better than its champion by, in per cent (middle {1 - 2 * TAIL:.0%} of circuits)")
        axes.set_ylabel("circuits")
        title = f"How much better the candidates of all {len(values)} circuits with a champion are"
        return inline_svg(figure, "gains", title)


def circuit_plot(circuit: str, errors: Errors, name: str) -> str:
    """Left: the error through the held-out days. Right: how the errors are distributed. name: see `inline_svg`."""
    import numpy as np

    span = "day" if errors.days_a_point == 1 else f"{errors.days_a_point} days"
    edges = _edges(errors)
    with drawing(name):
        figure = new_figure(2.9)
        over_time, spread = figure.subplots(1, 2, gridspec_kw={"width_ratios": [3, 2]})
        for model, values in errors.of.items():
            line, colour = LINES[model]
            rmse = errors.rmse_over_time(model)
            mark = "o" if len(rmse) < 3 else ""  # one point alone is no line
            label = f"{model} ({errors.rmse(model):.4g} overall)"
            over_time.plot(
                rmse.index.to_numpy(), rmse.to_numpy(), line, marker=mark, color=colour, linewidth=1.7, label=label
            )
            weights = np.full(len(values), 100 / len(values))
            look = {"bins": edges, "weights": weights, "color": colour}
            spread.hist(values, histtype="stepfilled", alpha=0.12, **look)
            spread.hist(values, histtype="step", linestyle=line, linewidth=1.5, **look)
        over_time.set_ylim(bottom=0)
        over_time.set_ylabel(f"RMSE of {short(errors.target, 20)}")
        over_time.set_xlabel(f"each {span}, UTC")
        _dates(over_time)
        _legend(over_time)
        spread.axvline(0, color=INK, linewidth=0.9)
        spread.set_xlabel(f"predicted − measured, middle {1 - 2 * TAIL:.0%} of rows")
        spread.set_ylabel("% of rows")
        title = f"{circuit}: error of each {span} through the held-out period, and distribution of errors"
        return inline_svg(figure, name, title)


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """A name as it stands in a plot: one line, and not so long that no room is left."""
    return cut(" ".join(text.split()), longest)


def _edges(errors: Errors) -> list[float]:
    """The same bins for both models, or their heights could not be compared."""
    import numpy as np

    bounds = np.array([np.quantile(values, [TAIL, 1 - TAIL]) for values in errors.of.values()])
    low, high = float(bounds[:, 0].min()), float(bounds[:, 1].max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # all errors alike
        low, high = low - max(abs(low), 1.0) / 2, high + max(abs(high), 1.0) / 2
    return [float(edge) for edge in np.linspace(low, high, BINS + 1)]


def _dates(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    axes.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=6))  # type: ignore[no-untyped-call]  # matplotlib's own gap
    axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))  # type: ignore[no-untyped-call]  # the same


def _legend(axes: "Axes") -> None:
    """Above the plot, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, labelcolor=SOFT)
