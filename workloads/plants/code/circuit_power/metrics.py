"""How well predictions of power meet what was measured."""

from typing import Any

import pandas as pd
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error


def score(measured: pd.Series, predicted: Any) -> dict[str, float]:
    """Return root mean squared and mean absolute error in kW, the share of variance explained, and the row count."""
    return {
        "rmse": float(root_mean_squared_error(measured, predicted)),
        "mae": float(mean_absolute_error(measured, predicted)),
        "r2": float(r2_score(measured, predicted)),
        "rows": len(measured),
    }
