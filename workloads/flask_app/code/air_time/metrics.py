"""How well predictions meet the times that flights took."""

from typing import Any

import pandas as pd
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error


def score(flown: pd.Series, predicted: Any) -> dict[str, float]:
    """Return root mean squared and mean absolute error in minutes, the share of variance explained, and the row count."""
    return {
        "rmse": float(root_mean_squared_error(flown, predicted)),
        "mae": float(mean_absolute_error(flown, predicted)),
        "r2": float(r2_score(flown, predicted)),
        "rows": len(flown),
    }
