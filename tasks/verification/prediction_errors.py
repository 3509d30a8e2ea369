"""What predictions of held-out rows say about a model: errors row by row, and how large they are day by day."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MODELS = ("champion", "candidate")
MOST_POINTS = 366
"""Of a line over time: longer periods are taken several days at once."""
LARGEST = 1e100
"""Numbers beyond it are no measurement, and their squares would overflow."""

YEARS = (1900, 2200)
"""Times before and after are mistakes, and no axis could show them beside the others."""


class PredictionsError(ValueError):
    """There is nothing to plot; the message says why, as the end of a sentence."""


@dataclass(frozen=True)
class Errors:
    """Predicted − measured, in the measured column's own unit, on rows where all models and the measurement are numbers.

    times: UTC, shape (rows,), ascending. of: model → shape (rows,). left_out: rows without a time or with no number.
    """

    target: str
    times: "pd.DatetimeIndex"
    of: "dict[str, NDArray[np.float64]]"
    left_out: int

    def rmse(self, model: str) -> float:
        """Over all rows."""
        return float((self.of[model] ** 2).mean() ** 0.5)

    @property
    def days_a_point(self) -> int:
        """How many days (UTC) one point of the line over time stands for."""
        days = (self.times[-1].normalize() - self.times[0].normalize()).days + 1
        return math.ceil(days / MOST_POINTS)

    def rmse_over_time(self, model: str) -> "pd.Series[float]":
        """First day → RMSE of the days that the point stands for; NaN where there are no rows, so that a gap shows."""
        import pandas as pd

        squares = pd.Series(self.of[model] ** 2, index=self.times)
        means: pd.Series[float] = squares.resample(f"{self.days_a_point}D", origin="start_day").mean()
        return means**0.5


def errors_of(predictions: "pd.DataFrame") -> Errors:
    """The errors of candidate and, where it is there, champion. predictions: timestamp, candidate, one measured column."""
    import pandas as pd

    measured = [name for name in predictions.columns if name not in {"timestamp", *MODELS}]
    if not {"timestamp", "candidate"} <= set(predictions.columns) or len(measured) != 1:
        columns = ", ".join(map(str, predictions.columns)) or "none"
        raise PredictionsError(
            f"the predictions need the columns timestamp, candidate and one measured column; they have {columns}"
        )
    models = [name for name in MODELS if name in predictions.columns]
    numbers = predictions[[measured[0], *models]].apply(pd.to_numeric, errors="coerce").astype("float64")
    written = predictions["timestamp"].astype("string")
    times = pd.to_datetime(written, format="ISO8601", utc=True, errors="coerce")
    usable = times.dt.year.between(*YEARS) & (numbers.abs() < LARGEST).all(axis=1)
    if not usable.any():
        raise PredictionsError(f"none of the {len(predictions)} predicted rows has an ISO 8601 time and finite numbers")
    order = times[usable].argsort(kind="stable")
    kept = numbers[usable].iloc[order]
    return Errors(
        target=str(measured[0]),
        times=pd.DatetimeIndex(times[usable].iloc[order]),
        of={name: (kept[name] - kept[measured[0]]).to_numpy() for name in models},
        left_out=int((~usable).sum()),
    )
