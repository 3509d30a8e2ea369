"""The plot of a replay: what the candidate predicts where the champion predicted, and how the differences lie."""

from tasks.reports.plots import BINS, short
from tasks.reports.svg import CANDIDATE, CHAMPION, INK, drawing, inline_svg, new_figure
from tasks.verification.replay import Points

FLAT = 1e-9
"""Part of the largest number below which a range is too narrow for an axis."""


def shift_plot(circuit: str, points: Points, prediction: str, name: str) -> str:
    """Left: candidate over champion, row by row. Right: how candidate − champion is distributed. name: see `inline_svg`."""
    import numpy as np

    theirs, ours = np.array(points.champion), np.array(points.candidate)
    what = short(prediction, 20)
    low, high = _range(float(min(theirs.min(), ours.min())), float(max(theirs.max(), ours.max())))
    shifts = ours - theirs
    left, right = _range(float(min(shifts.min(), 0)), float(max(shifts.max(), 0)))
    with drawing(name):
        figure = new_figure(3.4)
        rows, spread = figure.subplots(1, 2, gridspec_kw={"width_ratios": [2, 3]})
        rows.plot([low, high], [low, high], "--", color=CHAMPION, linewidth=1.2)
        rows.plot(theirs, ours, linestyle="none", marker="o", markersize=2.4, color=CANDIDATE, alpha=0.45)
        rows.set_xlabel(f"{what}, champion (dashed: the same)")
        rows.set_ylabel(f"{what}, candidate")
        edges = [float(edge) for edge in np.linspace(left, right, BINS + 1)]
        weights = np.full(len(shifts), 100 / len(shifts))
        spread.hist(shifts, bins=edges, weights=weights, color=CANDIDATE, alpha=0.75)
        spread.axvline(0, color=INK, linewidth=0.9)
        spread.set_xlabel(f"shift of {what}: candidate − champion")
        spread.set_ylabel("% of rows")
        return inline_svg(
            figure, name, f"{circuit}: candidate against champion on the same rows, and distribution of the shifts"
        )


def _range(low: float, high: float) -> tuple[float, float]:
    """Wide enough to be drawn."""
    if high - low > FLAT * max(abs(low), abs(high)):
        return low, high
    margin = max(abs(low), abs(high), 1.0) / 2
    return low - margin, high + margin
