"""What changed from one delivery to the next, in words; and what a pipeline says it left out."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tasks.data.deliveries import difference, left_out


@pytest.fixture
def rows() -> pd.DataFrame:
    times = pd.date_range("2014-01-01", periods=6, freq="10min", tz="UTC")
    return pd.DataFrame({"time": times, "power": [1.0, 2.0, None, 4.0, 5.0, 6.0], "wind": 7.0})


def test_rows_that_changed_came_and_went_are_counted_and_their_columns_named(rows: pd.DataFrame) -> None:
    after = rows.iloc[1:].copy()
    after.loc[3:4, "power"] = 0.0
    later = pd.DataFrame({"time": [pd.Timestamp("2014-02-01", tz="UTC")], "power": [1.0], "wind": [2.0]})
    told = difference(rows, pd.concat([after, later]), "time")
    assert told == "2 of 5 rows changed (power), 1 added, 1 removed"


def test_a_value_that_is_missing_in_both_is_no_change(rows: pd.DataFrame) -> None:
    assert difference(rows, rows.copy(), "time") == "0 of 6 rows changed, 0 added, 0 removed"
    assert difference(rows, rows.fillna(3.0), "time").startswith("1 of 6 rows changed (power)")


def test_where_rows_cannot_be_told_apart_their_numbers_are_said(rows: pd.DataFrame) -> None:
    assert difference(rows, rows.assign(time=rows["time"].iloc[0]), "time") == "6 rows before, 6 now"
    assert difference(rows, rows.head(2), "when") == "6 rows before, 2 now"


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        (None, ()),
        ("{", ()),
        ("[]", ()),
        ('{"rows": 3}', ()),
        ('{"left_out": "all"}', ()),
        ('{"left_out": ["2 row(s) without a circuit", "old.csv"]}', ("2 row(s) without a circuit", "old.csv")),
        (json.dumps({"left_out": ["x" * 1000] * 50}), ("x" * 200,) * 10),
    ],
)
def test_what_was_left_out_is_read_from_the_summary_whatever_stands_there(
    summary: str | None, told: tuple[str, ...], tmp_path: Path
) -> None:
    if summary is not None:
        (tmp_path / "summary.json").write_text(summary)
    assert left_out(tmp_path) == told
