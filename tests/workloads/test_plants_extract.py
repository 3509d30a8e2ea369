"""Extract: each input that cannot be used is refused with what is wrong; what is only doubtful is counted."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tabular_data.csv_file import not_read
from tabular_data.input_error import InputError
from workloads.plants.code.circuit_power.extract import extract, nameless, read_scada

CUTOFF = date(2014, 1, 2)
HEADER = b"Wind_turbine_name,Date_time,Ba_avg,P_avg,Ws_avg,Va_avg,Ot_avg,Ya_avg,Wa_avg\n"


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
    with pytest.raises(InputError, match="Circuit 'C9' is not in the data, which has 'C1', 'C2'"):
        extract(raw, "C9", CUTOFF)


def test_a_cutoff_before_the_data_is_refused_with_the_first_time(raw: pd.DataFrame) -> None:
    with pytest.raises(
        InputError, match="2013-12-30 lies before the data of circuit C1, which starts at 2014-01-01T00"
    ):
        extract(raw, "C1", date(2013, 12, 30))


def test_values_that_are_not_numbers_are_named_with_their_lines(raw: pd.DataFrame) -> None:
    raw.loc[[5, 9], "Ws_avg"] = ["calm", "n/k"]
    with pytest.raises(
        InputError, match=r"2 value\(s\) of column Ws_avg are not finite numbers: line 5: 'calm'; line 9: 'n/k'"
    ):
        extract(raw, "C1", CUTOFF)


def test_another_circuits_wrong_value_does_not_stop_this_one(raw: pd.DataFrame) -> None:
    raw.loc[3, "Ws_avg"] = "calm"
    assert len(extract(raw, "C2", CUTOFF)[0]) == 288


@pytest.mark.parametrize("time", ["yesterday", "2014-01-01T01:00:00", "2014-13-01T01:00:00+01:00"])
def test_times_that_cannot_be_read_or_lack_an_offset_are_refused(raw: pd.DataFrame, time: str) -> None:
    raw.loc[7, "Date_time"] = time
    with pytest.raises(
        InputError, match=f"Date_time are not ISO 8601 times with an offset.*line 7: '{re.escape(time)}'"
    ):
        extract(raw, "C1", CUTOFF)


def test_missing_values_and_repeated_times_pass_and_are_counted(raw: pd.DataFrame) -> None:
    raw.loc[6, "P_avg"] = ""
    raw.loc[13, "Date_time"] = raw.loc[12, "Date_time"]
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
        (HEADER, "has a header and no rows"),
        (HEADER + b'"1,2\n', "is not a readable CSV file: unexpected end of data"),
        (HEADER + b"\xe9,1\n", "is not UTF-8 text"),
        (b"\xff\xfe\x00\x81,b\n", "is UTF-16 text; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "is compressed with gzip; unpack it"),
        (b"PK\x03\x04", "is a ZIP archive or an Excel workbook"),
        (HEADER.replace(b",", b";"), "are separated by ';', and a comma is expected"),
        (HEADER.replace(b"Ba_avg", b"P_avg"), r"lacks the column\(s\) Ba_avg"),
        (HEADER[:-1] + b",P_avg\n", r"more than one column P_avg"),
        (HEADER + b"A" + b",1" * 9 + b"\n", "1 row.* not as long as its header of 9 fields: line 2 has 10"),
        (HEADER + b"\n\nA" + b",1" * 7 + b"\n", "1 row.* not as long as its header of 9 fields: line 4 has 8"),
    ],
)
def test_an_unusable_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "scada.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_scada(tmp_path / "scada.csv")


def test_an_absent_file_is_refused_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "Scada.CSV").write_bytes(HEADER)
    with pytest.raises(InputError, match=r"scada\.csv does not exist; its folder holds Scada\.CSV\."):
        read_scada(tmp_path / "scada.csv")


@pytest.mark.parametrize("name", ["001", "1", "1E5", "NA", "null", "TRUE", "INF", "0x10", "1_000", "7.0"])
def test_a_circuit_s_name_is_text_byte_for_byte(raw: pd.DataFrame, name: str, tmp_path: Path) -> None:
    raw["Wind_turbine_name"] = raw["Wind_turbine_name"].replace({"C1": name, "C2": f"{name}.0"})
    raw.to_csv(tmp_path / "scada.csv", index=False)
    rows, summary = extract(read_scada(tmp_path / "scada.csv"), name, CUTOFF)
    assert len(rows) == summary["rows"] == 288


def test_a_name_with_a_blank_is_refused_beside_the_one_without(raw: pd.DataFrame) -> None:
    raw.loc[[5, 9], "Wind_turbine_name"] = "C1 "
    with pytest.raises(
        InputError, match=r"2 row\(s\) name the circuit 'C1 ', with blanks, beside 'C1': first on line 5"
    ):
        extract(raw, "C1", CUTOFF)
    assert len(extract(raw, "C2", CUTOFF)[0]) == 288


def test_rows_without_a_name_stop_no_circuit_and_are_counted(raw: pd.DataFrame) -> None:
    raw.loc[[5, 9], "Wind_turbine_name"] = ["", " "]
    assert len(extract(raw, "C1", CUTOFF)[0]) == 286
    assert nameless(raw) == ["2 row(s) without a circuit"]


def test_files_that_nobody_reads_are_named(tmp_path: Path) -> None:
    assert not_read(tmp_path / "scada.csv") == []
    for name in ("scada.csv", "scada_2014-02.csv", "old/scada.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(HEADER)
    assert not_read(tmp_path / "scada.csv") == ["old/scada.csv, scada_2014-02.csv: only scada.csv is read"]


def test_a_line_is_the_file_s_own_after_quoted_line_breaks_and_blank_lines(raw: pd.DataFrame, tmp_path: Path) -> None:
    raw.insert(0, "Remark", "fine")
    raw.loc[3, "Remark"] = "stopped\nfor a while"
    raw.loc[5, "P_avg"] = "abc"
    text = raw.to_csv(index=False).split("\n")
    (tmp_path / "scada.csv").write_text("\n".join([text[0], "", *text[1:]]))
    with pytest.raises(InputError, match="P_avg are not finite numbers: line 7: 'abc'"):
        extract(read_scada(tmp_path / "scada.csv"), "C1", CUTOFF)


@pytest.mark.parametrize("number", ["inf", "-Infinity", "1e400", "7,1", "0x1F", "1_0", "True", "--", "７.１.2"])
def test_what_is_no_finite_number_is_refused(raw: pd.DataFrame, number: str) -> None:
    raw.loc[5, "P_avg"] = number
    with pytest.raises(InputError, match="P_avg are not finite numbers: line 5"):
        extract(raw, "C1", CUTOFF)


@pytest.mark.parametrize(
    "time", ["2014-01-01 01:00:00+01", "2014-01-01T00:00:00Z", "2014-01-01T05:30+0530", " 2014-01-01 00:00:00.0+00:00 "]
)
def test_offsets_are_read_however_they_are_written(raw: pd.DataFrame, time: str) -> None:
    raw.loc[2, "Date_time"] = time
    assert extract(raw, "C1", CUTOFF)[1]["first"] == "2014-01-01T00:00:00Z"


def test_a_day_alone_has_no_offset(raw: pd.DataFrame) -> None:
    raw.loc[2, "Date_time"] = "2014-01-01"
    with pytest.raises(InputError, match="not ISO 8601 times with an offset"):
        extract(raw, "C1", CUTOFF)
