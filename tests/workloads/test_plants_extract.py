"""Extract: each input that cannot be used is refused with what is wrong; what is only doubtful is counted."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from workloads.plants.code.circuit_power.extract import extract, read_scada
from workloads.plants.code.circuit_power.tables import InputError

CUTOFF = date(2014, 1, 2)


@pytest.fixture
def raw(make_readings: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return make_readings(days=4)


def test_only_the_circuits_rows_up_to_and_including_the_cutoff_day_are_taken(raw: pd.DataFrame) -> None:
    rows, summary = extract(raw, "C1", CUTOFF)
    assert len(rows) == 2 * 144 == summary["rows"]
    assert str(rows["timestamp"].dtype) == "datetime64[us, UTC]"
    assert (summary["first"], summary["last"]) == ("2014-01-01T00:00:00Z", "2014-01-02T23:50:00Z")
    assert summary["source_last"] == "2014-01-04T23:50:00Z"


def test_rows_out_of_order_are_put_in_order(raw: pd.DataFrame) -> None:
    assert extract(raw.sample(frac=1, random_state=1), "C1", CUTOFF)[0]["timestamp"].is_monotonic_increasing


def test_an_unknown_circuit_is_refused_with_those_there_are(raw: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="Circuit C9 is not in the data, which has C1, C2"):
        extract(raw, "C9", CUTOFF)


def test_a_cutoff_before_the_data_is_refused_with_the_first_time(raw: pd.DataFrame) -> None:
    with pytest.raises(
        InputError, match="2013-12-30 lies before the data of circuit C1, which starts at 2014-01-01T00"
    ):
        extract(raw, "C1", date(2013, 12, 30))


def test_values_that_are_not_numbers_are_named_with_their_lines(raw: pd.DataFrame) -> None:
    raw["Ws_avg"] = raw["Ws_avg"].astype(object)
    raw.loc[[3, 7], "Ws_avg"] = ["calm", "n/k"]
    with pytest.raises(
        InputError, match=r"2 value\(s\) of column Ws_avg are not numbers: line 5: 'calm'; line 9: 'n/k'"
    ):
        extract(raw, "C1", CUTOFF)


def test_another_circuits_wrong_value_does_not_stop_this_one(raw: pd.DataFrame) -> None:
    raw["Ws_avg"] = raw["Ws_avg"].astype(object)
    raw.loc[3, "Ws_avg"] = "calm"
    assert len(extract(raw, "C2", CUTOFF)[0]) == 288


@pytest.mark.parametrize("time", ["yesterday", "2014-01-01T01:00:00", "2014-13-01T01:00:00+01:00"])
def test_times_that_cannot_be_read_or_lack_an_offset_are_refused(raw: pd.DataFrame, time: str) -> None:
    raw.loc[5, "Date_time"] = time
    with pytest.raises(
        InputError, match=f"Date_time are not ISO 8601 times with an offset.*line 7: '{re.escape(time)}'"
    ):
        extract(raw, "C1", CUTOFF)


def test_missing_values_and_repeated_times_pass_and_are_counted(raw: pd.DataFrame) -> None:
    raw.loc[4, "P_avg"] = None
    raw.loc[11, "Date_time"] = raw.loc[10, "Date_time"]
    rows, summary = extract(raw, "C1", CUTOFF)
    assert rows["active_power"].isna().sum() == 1
    assert summary["duplicated_timestamps"] == {"rows": 1, "first": ["2014-01-01T01:40:00Z"]}


def test_a_file_without_a_needed_column_is_refused(raw: pd.DataFrame, tmp_path: Path) -> None:
    raw.drop(columns=["Ws_avg", "Ot_avg"]).to_csv(tmp_path / "scada.csv", index=False)
    with pytest.raises(InputError, match=r"lacks the column\(s\) Ws_avg, Ot_avg; it has Wind_turbine_name"):
        read_scada(tmp_path / "scada.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: not even a header line"),
        (b"Wind_turbine_name,Date_time,Ba_avg,P_avg,Ws_avg,Va_avg,Ot_avg,Ya_avg,Wa_avg\n", "has a header and no rows"),
        (b"a,b\n1,2\n1,2,3,4\n", "is not a readable CSV file"),
        (b"\xff\xfe\x00\x81,b\n", "is not a readable CSV file"),
    ],
)
def test_an_unusable_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "scada.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_scada(tmp_path / "scada.csv")


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist: put the plant's readings there as scada\.csv"):
        read_scada(tmp_path / "scada.csv")
