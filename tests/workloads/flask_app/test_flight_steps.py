"""Extract, prepare and split: what is refused, what is left for the expectations, and that the hold-out comes last."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tabular_data.input_error import InputError
from workloads.flask_app.code.air_time.extract import extract, read_flights
from workloads.flask_app.code.air_time.prepare import prepare
from workloads.flask_app.code.air_time.split import split
from workloads.flask_app.code.air_time.tables import PREPARED

CUTOFF = date(2013, 1, 31)


@pytest.fixture(scope="module")
def january(table: pd.DataFrame) -> pd.DataFrame:
    return table.head(30_000)


@pytest.fixture(scope="module")
def frame(january: pd.DataFrame) -> pd.DataFrame:
    return prepare(extract(january, "AIRTIME", CUTOFF)[0], "NYC", "AIRTIME", CUTOFF)[0]


def test_a_flights_time_is_its_scheduled_departure_in_utc_with_new_yorks_month_and_hour(frame: pd.DataFrame) -> None:
    first = frame.iloc[0]
    assert tuple(frame.columns) == PREPARED
    assert first["timestamp"] == pd.Timestamp("2013-01-01T10:15:00Z")
    assert (first["month"], first["hour"], first["origin"], first["destination"]) == (1, 5, "EWR", "IAH")
    assert frame["timestamp"].is_monotonic_increasing
    assert frame["days_before_cutoff"].min() > 0


def test_cancelled_flights_stay_and_are_in_neither_part_of_the_split(frame: pd.DataFrame) -> None:
    assert frame["air_time"].isna().any()
    training, holdout, periods = split(frame, CUTOFF, 7)
    assert training["timestamp"].max() < holdout["timestamp"].min()
    assert not pd.concat([training, holdout])["air_time"].isna().any()
    assert (periods["holdout_from"], periods["holdout_to"]) == ("2013-01-25T00:00:00Z", "2013-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: not even a header line"),
        ("a,b\n1,2\n", r"lacks the column\(s\) time_hour, minute, .*; it has a, b"),
        ('a,b\n"1,2\n', "lacks the column|is not a readable CSV file"),
    ],
)
def test_a_file_that_is_not_the_flights_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "flights.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_flights(tmp_path / "flights.csv")


def test_no_file_and_no_rows_are_refused(january: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"flights\.csv does not exist; its folder holds nothing\."):
        read_flights(tmp_path / "flights.csv")
    january.head(0).to_csv(tmp_path / "flights.csv", index=False)
    with pytest.raises(InputError, match="has a header and no rows"):
        read_flights(tmp_path / "flights.csv")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("distance", "far", r"1 value\(s\) of column distance are not finite numbers: line 7: 'far'"),
        ("time_hour", "2013-01-01 05:00:00", r"are not ISO 8601 times with an offset"),
        ("time_hour", "noon", r"column time_hour are not ISO 8601 times with an offset.*: line 7: 'noon'"),
        ("minute", "60", "column minute are not minutes: line 7: '60'"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_with_its_line(
    january: pd.DataFrame, column: str, value: str, message: str
) -> None:
    spoilt = january.copy()
    spoilt.loc[7, column] = value
    with pytest.raises(InputError, match=message):
        extract(spoilt, "AIRTIME", CUTOFF)


def test_another_circuit_and_a_cutoff_before_the_data_are_refused(january: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="Circuit DELAYS is not in the data, which has AIRTIME"):
        extract(january, "DELAYS", CUTOFF)
    with pytest.raises(InputError, match="lies before the data, which starts at 2013-01-01T10:15:00Z"):
        extract(january, "AIRTIME", date(2012, 12, 31))


@pytest.mark.parametrize(
    ("cutoff", "days", "message"),
    [
        (CUTOFF, 0, "holdout_days is 0: at least one day must be held out"),
        (CUTOFF, 30, "The training period has .* flights that were flown and needs 5000"),
        (date(2013, 12, 31), 14, "The hold-out has 0 flights .* needs 500"),
    ],
)
def test_a_split_that_leaves_too_little_is_refused(frame: pd.DataFrame, cutoff: date, days: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(frame, cutoff, days)
