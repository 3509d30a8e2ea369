"""The pipelines: the SDK accepts them, and their own commands carry the real flights to an evaluated model."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
import yaml
from steps import run_pipeline

from workloads.flask_app import data
from workloads.wheels import sha256_of

FLASK = Path(__file__).parents[3] / "workloads" / "flask_app"
PIPELINES = FLASK / "pipelines"


def test_the_real_flights_are_the_agreed_ones(flights: Path, table: pd.DataFrame) -> None:
    assert sha256_of(flights) == data.FLIGHTS_SHA256
    assert len(table) == 336_776


def test_raw_flights_become_data_with_a_summary(prepared: Path) -> None:
    assert {path.name for path in prepared.iterdir()} == {"MLTable", "data.parquet", "summary.json"}
    summary = json.loads((prepared / "summary.json").read_text())
    assert (summary["plant"], summary["circuit"], summary["first"]) == ("NYC", "AIRTIME", "2013-01-01T10:15:00Z")
    assert summary["last"] <= "2013-04-01T00:00:00Z" <= summary["extraction"]["source_last"]


def test_the_first_model_is_good_and_is_measured_without_a_champion(trained: dict[str, Path]) -> None:
    evaluation = json.loads((trained["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"] is None
    assert evaluation["holdout"] == {"from": "2013-03-02T00:00:00Z", "to": "2013-04-01T00:00:00Z"}
    assert evaluation["candidate"]["rmse"] < 20
    assert evaluation["candidate"]["r2"] > 0.95
    assert {path.name for path in trained["model"].iterdir()} == {"model.joblib", "model.json"}
    assert len(pd.read_csv(trained["evaluation"] / "predictions.csv")) == evaluation["candidate"]["rows"]


def test_a_challenger_and_the_champion_are_measured_on_the_same_flights(
    trained: dict[str, Path], digest: str, prepared: Path, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted"
    shutil.copytree(trained["model"], mounted / "model")  # one folder below, as Azure ML mounts a model
    asked = {"data": prepared, "cutoff_date": "2013-03-31", "champion": mounted, "champion_digest": digest}
    outputs = run_pipeline(PIPELINES / "train.yaml", asked, tmp_path / "work")
    evaluation = json.loads((outputs["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"] == evaluation["candidate"]  # the same data gives the same model


@pytest.mark.parametrize(
    ("file", "inputs"),
    [
        ("prepare.yaml", {"raw": "folder", "plant": "P", "circuit": "C", "cutoff_date": "2013-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2013-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2013-03-31", "champion": "folder", "champion_digest": "x"}),
    ],
)
def test_the_sdk_accepts_the_pipeline_with_and_without_a_champion(file: str, inputs: dict[str, str]) -> None:
    from azure.ai.ml import Input, load_component
    from azure.ai.ml.entities import PipelineJob, PipelineJobSettings

    component = load_component(PIPELINES / file)
    given = {
        name: Input(type=component.inputs[name].type, path=f"azureml://datastores/workspaceblobstore/paths/{name}/")
        if value == "folder"
        else value
        for name, value in inputs.items()
    }
    job = PipelineJob(component=component, inputs=given, settings=PipelineJobSettings(default_compute="train-cluster"))
    assert job._validate().error_messages == {}


def pins(lines: list[str]) -> dict[str, str]:
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


IMAGE = pins((FLASK / "service" / "requirements.txt").read_text().splitlines())
STEPS = pins(yaml.safe_load((FLASK / "code" / "conda.yaml").read_text())["dependencies"][-1]["pip"])


@pytest.mark.parametrize(("package", "pinned"), sorted({**STEPS, **IMAGE}.items()))
def test_image_and_steps_have_the_versions_that_are_tested(package: str, pinned: str) -> None:
    assert pinned == version(package)
    assert {pins[package] for pins in (STEPS, IMAGE) if package in pins} == {pinned}
