"""Prepare: what is mended, what is left for the expectations, and how the result is kept."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from workloads.plants.code.circuit_power.extract import extract
from workloads.plants.code.circuit_power.prepare import prepare
from workloads.plants.code.circuit_power.tables import PREPARED

CUTOFF = date(2014, 1, 3)


def prepared(raw: pd.DataFrame, cutoff: date = CUTOFF, circuit: str = "C1") -> tuple[pd.DataFrame, dict[str, object]]:
    return prepare(extract(raw, circuit, cutoff)[0], "PLANT", circuit, cutoff)


def test_rows_carry_plant_circuit_and_their_age_at_the_end_of_the_cutoff_day(
    make_readings: Callable[..., pd.DataFrame],
) -> None:
    rows, summary = prepared(make_readings(days=3))
    assert tuple(rows.columns) == PREPARED
    assert set(rows["plant"]) == {"PLANT"}
    assert rows["days_before_cutoff"].iloc[0] == 3
    assert rows["days_before_cutoff"].iloc[-1] == pytest.approx(10 / 1440)
    assert summary["rows"] == 3 * 144


def test_missing_values_stay_and_their_share_is_told(make_readings: Callable[..., pd.DataFrame]) -> None:
    raw = make_readings(days=3)
    raw.loc[:44, "Ws_avg"] = ""
    rows, summary = prepared(raw)
    assert rows["wind_speed"].isna().sum() == 43
    assert summary["null_share"]["wind_speed"] == pytest.approx(43 / 432, abs=1e-6)


@pytest.mark.parametrize(
    ("cutoff", "dropped"), [(date(2014, 2, 28), 0), (date(2014, 6, 30), 12), (date(2015, 6, 30), 24)]
)
def test_only_the_ambiguous_hour_of_the_clock_change_is_dropped_from_the_real_data(
    readings: pd.DataFrame, cutoff: date, dropped: int
) -> None:
    rows, summary = prepared(readings, cutoff, "R80711")
    assert summary["dropped_at_clock_change"] == dropped
    assert not rows["timestamp"].duplicated().any()


def test_any_other_repeated_time_stays_for_the_expectations(make_readings: Callable[..., pd.DataFrame]) -> None:
    raw = make_readings(days=3)
    raw.loc[13, "Date_time"] = raw.loc[12, "Date_time"]
    rows, summary = prepared(raw)
    assert rows["timestamp"].duplicated().sum() == 1
    assert summary["dropped_at_clock_change"] == 0
