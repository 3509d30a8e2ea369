"""Split, train, evaluate: the hold-out comes last, the same rows judge both models, one seed gives one model."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import joblib
import pandas as pd
import pytest

from tabular_data.input_error import InputError
from workloads.plants.code.circuit_power.evaluate import evaluate
from workloads.plants.code.circuit_power.extract import extract
from workloads.plants.code.circuit_power.prepare import prepare
from workloads.plants.code.circuit_power.scoring.score import LoadedModel, content_digest, load_model
from workloads.plants.code.circuit_power.split import split
from workloads.plants.code.circuit_power.tables import PREDICTORS
from workloads.plants.code.circuit_power.train import train

CUTOFF = date(2014, 2, 28)


@pytest.fixture(scope="module")
def frame(make_readings: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return prepare(extract(make_readings(days=59), "C1", CUTOFF)[0], "P", "C1", CUTOFF)[0]


def trained(frame: pd.DataFrame, folder: Path, cutoff: date = CUTOFF, iterations: int = 30) -> LoadedModel:
    training, _, periods = split(frame, cutoff, 14)
    train(training, periods, folder, iterations)
    return load_model(folder, content_digest(folder))


def test_the_holdout_is_the_last_days_and_training_ends_before_it(frame: pd.DataFrame) -> None:
    training, holdout, periods = split(frame, CUTOFF, 14)
    assert training["timestamp"].max() < holdout["timestamp"].min()
    assert len(holdout) == 14 * 144
    assert periods == {
        "training_from": "2014-01-01T00:00:00Z",
        "training_to": "2014-02-14T23:50:00Z",
        "holdout_from": "2014-02-15T00:00:00Z",
        "holdout_to": "2014-03-01T00:00:00Z",
    }


def test_rows_without_a_measured_power_are_neither_trained_on_nor_scored(frame: pd.DataFrame) -> None:
    gappy = frame.copy()
    gappy.loc[gappy.index[::2], "active_power"] = None
    training, holdout, _ = split(gappy, CUTOFF, 14)
    assert not pd.concat([training, holdout])["active_power"].isna().any()


@pytest.mark.parametrize(
    ("cutoff", "days", "message"),
    [
        (CUTOFF, 0, "holdout_days is 0: at least one day must be held out"),
        (CUTOFF, 58, "The training period has 144 rows .* needs 1000"),
        (date(2014, 3, 30), 14, "The hold-out has 0 rows .* needs 100"),
    ],
)
def test_a_split_that_leaves_too_little_is_refused(frame: pd.DataFrame, cutoff: date, days: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(frame, cutoff, days)


def test_data_without_a_needed_column_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"The data lacks the column\(s\) wind_speed: prepare it again"):
        split(frame.drop(columns="wind_speed"), CUTOFF, 14)


def test_the_same_data_gives_the_same_predictions_and_a_description(frame: pd.DataFrame, tmp_path: Path) -> None:
    first, second = trained(frame, tmp_path / "first"), trained(frame, tmp_path / "second")
    assert (first.predict(frame) == second.predict(frame)).all()
    assert first.description == second.description
    assert first.description["predictors"] == list(PREDICTORS)
    assert first.description["training"] == {"from": "2014-01-01T00:00:00Z", "rows": 6480, "to": "2014-02-14T23:50:00Z"}


def test_missing_predictors_are_still_predicted(frame: pd.DataFrame, tmp_path: Path) -> None:
    gappy = frame.head(20).assign(wind_direction=float("nan"), outdoor_temperature=float("nan"))
    assert pd.Series(trained(frame, tmp_path).predict(gappy)).notna().all()


def test_without_a_champion_only_the_candidate_is_measured(frame: pd.DataFrame, tmp_path: Path) -> None:
    _, holdout, periods = split(frame, CUTOFF, 14)
    result, predictions = evaluate(holdout, periods, trained(frame, tmp_path), None)
    assert result["champion"] is None
    assert result["candidate"]["rows"] == len(holdout) == len(predictions)
    assert result["candidate"]["rmse"] < 100
    assert result["holdout"] == {"from": "2014-02-15T00:00:00Z", "to": "2014-03-01T00:00:00Z"}


def test_candidate_and_champion_are_measured_on_the_same_rows(frame: pd.DataFrame, tmp_path: Path) -> None:
    champion = trained(frame, tmp_path / "champion", iterations=2)
    _, holdout, periods = split(frame, CUTOFF, 14)
    result, predictions = evaluate(holdout, periods, trained(frame, tmp_path / "candidate"), champion)
    assert result["candidate"]["rows"] == result["champion"]["rows"]
    assert result["candidate"]["rmse"] < result["champion"]["rmse"]
    assert list(predictions.columns) == ["timestamp", "active_power", "candidate", "champion"]
    assert result["warnings"] == []


def test_a_champion_that_was_trained_on_held_out_rows_is_told(frame: pd.DataFrame, tmp_path: Path) -> None:
    champion = trained(frame, tmp_path / "champion")
    earlier = date(2014, 2, 20)
    _, holdout, periods = split(frame, earlier, 14)
    result, _ = evaluate(holdout, periods, trained(frame, tmp_path / "candidate", earlier), champion)
    assert result["warnings"] == [
        "The champion was trained on rows up to 2014-02-14T23:50:00Z, so it has seen held-out rows."
    ]


def test_the_model_file_needs_nothing_of_ours_to_load(frame: pd.DataFrame, tmp_path: Path) -> None:
    trained(frame, tmp_path)
    loaded = joblib.load(tmp_path / "model.joblib")
    modules = {type(step).__module__.split(".")[0] for _, step in loaded.steps}
    assert modules == {"sklearn"}
    assert b"circuit_power" not in (tmp_path / "model.joblib").read_bytes()
