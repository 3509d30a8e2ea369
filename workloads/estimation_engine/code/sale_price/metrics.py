"""How well estimates meet the prices that were paid."""

from typing import Any

import pandas as pd
from sklearn.metrics import mean_absolute_percentage_error, r2_score, root_mean_squared_error


def score(paid: pd.Series, estimated: Any) -> dict[str, float]:
    """Return root mean squared error in US dollars, mean absolute percentage error as a share of the price, the share
    of variance explained, and the row count."""
    return {
        "rmse": float(root_mean_squared_error(paid, estimated)),
        "mape": float(mean_absolute_percentage_error(paid, estimated)),
        "r2": float(r2_score(paid, estimated)),
        "rows": len(paid),
    }
