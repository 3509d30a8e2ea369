"""Errors of predictions: the numbers are right, and what is no number is left out or refused with the reason."""

import math

import numpy as np
import pandas as pd
import pytest

from tasks.verification.prediction_errors import MOST_POINTS, PredictionsError, errors_of


def predicted(measured: list[object] | None = None, /, **columns: list[object]) -> pd.DataFrame:
    """Half-daily rows from 1 June 2014; the candidate is 3 above the measurement, the champion 4 below."""
    power = np.arange(8.0) if measured is None else np.zeros(len(measured))
    times = pd.date_range("2014-06-01", periods=len(power), freq="12h", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"timestamp": times, "power": power if measured is None else measured}
    return pd.DataFrame(given | {"candidate": power + 3, "champion": power - 4} | columns)


def test_errors_are_predicted_minus_measured_whatever_the_measured_column_is_called() -> None:
    errors = errors_of(predicted().rename(columns={"power": "duration_ms"}))
    assert errors.target == "duration_ms"
    assert (errors.of["candidate"] == 3).all()
    assert (errors.of["champion"] == -4).all()
    assert (errors.rmse("candidate"), errors.rmse("champion"), errors.left_out) == (3.0, 4.0, 0)


def test_each_day_has_its_rmse_and_a_day_without_rows_is_a_gap() -> None:
    errors = errors_of(predicted(candidate=[3.0, 4.0, 0, 0, 0, 0, 6, 8]).drop(index=[2, 3]))
    daily = errors.rmse_over_time("candidate")
    assert [str(day.date()) for day in daily.index] == ["2014-06-01", "2014-06-02", "2014-06-03", "2014-06-04"]
    assert daily.iloc[0] == pytest.approx(math.sqrt((9 + 9) / 2))
    assert math.isnan(daily.iloc[1])


def test_rows_out_of_order_are_sorted_and_times_with_an_offset_are_put_into_utc() -> None:
    errors = errors_of(predicted([0, 0], timestamp=["2014-06-02T01:00:00+02:00", "2014-06-01T00:00:00Z"]))
    assert [time.isoformat() for time in errors.times] == ["2014-06-01T00:00:00+00:00", "2014-06-01T23:00:00+00:00"]


def test_a_long_period_takes_several_days_a_point() -> None:
    errors = errors_of(predicted([0, 0], timestamp=["2004-01-01", "2014-01-01"]))
    assert errors.days_a_point == 10
    assert len(errors.rmse_over_time("candidate")) == MOST_POINTS


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (predicted().drop(columns="candidate"), "they have timestamp, power, champion"),
        (predicted().drop(columns="power"), "they have timestamp, candidate, champion"),
        (predicted(other=[0.0] * 8), "one measured column; they have"),
        (predicted([None, None]), "none of the 2 predicted rows"),
        (predicted([1, 2], timestamp=["yesterday", "0001-01-01"]), "none of the 2 predicted rows"),
        (predicted([1, 2], timestamp=[17, 18]), "none of the 2 predicted rows"),
        (predicted().iloc[:0], "none of the 0 predicted rows"),
        (pd.DataFrame(), "they have none"),
    ],
)
def test_predictions_that_cannot_be_drawn_are_refused_with_the_reason(frame: pd.DataFrame, why: str) -> None:
    with pytest.raises(PredictionsError, match=why):
        errors_of(frame)
