"""Batch scoring, loaded as Azure ML loads it: a file on its own, init() once, run() with file paths."""

import hashlib
import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from workloads.plants.code.circuit_power.extract import extract
from workloads.plants.code.circuit_power.prepare import prepare
from workloads.plants.code.circuit_power.split import split
from workloads.plants.code.circuit_power.train import train

SCRIPT = Path(__file__).parents[2] / "workloads" / "plants" / "code" / "circuit_power" / "scoring" / "score.py"
CUTOFF = date(2014, 1, 31)


@pytest.fixture(scope="module")
def frame(make_readings: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return prepare(extract(make_readings(days=31), "C1", CUTOFF)[0], "P", "C1", CUTOFF)[0]


@pytest.fixture(scope="module")
def trained_model(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    training, _, periods = split(frame, CUTOFF, 7)
    train(training, periods, folder, 5)
    return folder


@pytest.fixture
def model(trained_model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may spoil, one folder below AZUREML_MODEL_DIR as on Azure."""
    folder = tmp_path / "mounted" / "model"
    folder.mkdir(parents=True)
    for file in trained_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def scoring() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("azureml_entry_script", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.fixture
def started(scoring: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(model.parent))
    monkeypatch.setenv("MODEL_DIGEST", scoring.content_digest(model))
    scoring.init()
    return scoring


@pytest.fixture
def csv(frame: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "test_input.csv"
    frame.head(50).to_csv(path, index=False)
    return path


def test_every_row_of_every_file_gets_a_predicted_power(started: ModuleType, csv: Path) -> None:
    scored = started.run([str(csv), str(csv)])
    assert list(scored.columns) == ["plant", "circuit", "timestamp", "predicted_power"]
    assert len(scored) == 100
    assert scored["predicted_power"].dtype == "float64"
    assert scored["timestamp"].iloc[0] == pd.read_csv(csv)["timestamp"].iloc[0]


def test_measured_power_is_not_needed_to_score(started: ModuleType, csv: Path, frame: pd.DataFrame) -> None:
    frame.head(5).drop(columns=["active_power", "days_before_cutoff"]).to_csv(csv, index=False)
    assert len(started.run([str(csv)])) == 5


def test_run_before_init_is_refused(scoring: ModuleType, csv: Path) -> None:
    with pytest.raises(scoring.ScoringError, match=r"run\(\) was called before init\(\)"):
        scoring.run([str(csv)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs a header line that names each column once"),
        ("plant,plant\n1,2\n", "needs a header line that names each column once"),
        ("plant,circuit\n1,2\n1,2,\n", "has a row of 3 fields under a header of 2, which ends on line 3"),
        ("plant,circuit\n1,2\n1\n", "has a row of 1 fields under a header of 2, which ends on line 3"),
        ('plant,circuit\n1,"2\n', "is not a CSV file in UTF-8: unexpected end of data"),
        ("a,b\n1,2\n", r"lacks the column\(s\) plant, circuit, timestamp, blade_pitch, .*; it has a, b"),
    ],
)
def test_a_file_of_another_schema_is_refused(started: ModuleType, csv: Path, content: str, message: str) -> None:
    csv.write_text(content)
    with pytest.raises(started.ScoringError, match=message):
        started.run([str(csv)])


def test_a_file_without_rows_or_with_words_for_numbers_is_refused(
    started: ModuleType, csv: Path, frame: pd.DataFrame
) -> None:
    frame.head(0).to_csv(csv, index=False)
    with pytest.raises(started.ScoringError, match="has no rows to score"):
        started.run([str(csv)])
    frame.head(3).assign(wind_speed="calm").to_csv(csv, index=False)
    with pytest.raises(started.ScoringError, match="not numbers in wind_speed"):
        started.run([str(csv)])


def test_a_model_whose_files_changed_is_not_loaded(
    scoring: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    digest = scoring.content_digest(model)
    trap = f"cposix\nsystem\n(S'touch {tmp_path}/sprung'\ntR."
    (model / "model.joblib").write_bytes(trap.encode())
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(model))
    monkeypatch.setenv("MODEL_DIGEST", digest)
    with pytest.raises(scoring.ScoringError, match=f"but {digest} was released: they changed after registration"):
        scoring.init()
    assert not (tmp_path / "sprung").exists()


def test_without_a_digest_nothing_is_loaded(scoring: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(model))
    monkeypatch.delenv("MODEL_DIGEST", raising=False)
    with pytest.raises(scoring.ScoringError, match="No digest was given for the model"):
        scoring.init()


def test_a_folder_without_a_model_is_refused(scoring: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(scoring.ScoringError, match=r"holds 0 model\.json files where one is needed"):
        scoring.load_model(tmp_path, "sha256:00")


def test_the_content_digest_is_the_sha256_of_sha256sums_sorted_lines(scoring: ModuleType, tmp_path: Path) -> None:
    for name, content in {"b": "two", "a/z": "one", "a.json": "", ".hidden": "é", "ä": "three"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "empty").mkdir()
    script = "find . -type f | sed 's|^./||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum"
    lines = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, check=True).stdout
    assert scoring.content_digest(tmp_path) == "sha256:" + hashlib.sha256(lines).hexdigest()


def test_a_renamed_file_changes_the_content_digest(scoring: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    before = scoring.content_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert scoring.content_digest(tmp_path) != before


def test_a_folder_without_files_has_no_digest(scoring: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(scoring.ScoringError, match="holds no files, so it has no digest"):
        scoring.content_digest(tmp_path)


def test_names_are_scored_as_they_are_written_and_numbers_as_numbers(started: ModuleType, csv: Path) -> None:
    csv.write_text("plant,circuit,timestamp,wind,note\nNA,001,2014-01-01T00:00:00Z, 7.5,1\n1E5,1.0,,NA,calm\n")
    frame = started.read_csv(str(csv))
    assert frame[["plant", "circuit"]].to_numpy().tolist() == [["NA", "001"], ["1E5", "1.0"]]
    assert frame["wind"].dtype == "float64"
    assert frame["wind"].isna().tolist() == [False, True]
    assert frame["note"].tolist() == ["1", "calm"]
