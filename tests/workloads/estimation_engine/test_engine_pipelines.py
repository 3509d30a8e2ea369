"""The pipelines: the SDK accepts them, and their own commands carry the real sales to an evaluated model."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
import yaml
from steps import run_pipeline, uploaded

from trained_model.model_folder import content_digest

ENGINE = Path(__file__).parents[3] / "workloads" / "estimation_engine"
PIPELINES = ENGINE / "pipelines"


def test_raw_sales_become_data_with_a_summary(prepared: Path) -> None:
    assert {path.name for path in prepared.iterdir()} == {"MLTable", "data.parquet", "summary.json"}
    summary = json.loads((prepared / "summary.json").read_text())
    assert (summary["plant"], summary["circuit"], summary["first"]) == ("AMES", "SALEPRICE", "2006-01-01T00:00:00Z")
    assert summary["last"] == "2010-06-01T00:00:00Z"
    assert yaml.safe_load((prepared / "MLTable").read_text())["paths"] == [{"file": "./data.parquet"}]


def test_the_first_model_is_good_and_is_measured_without_a_champion(trained: dict[str, Path]) -> None:
    evaluation = json.loads((trained["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"] is None
    assert evaluation["holdout"] == {"from": "2009-10-02T00:00:00Z", "to": "2010-04-01T00:00:00Z"}
    assert evaluation["candidate"]["rmse"] < 35_000
    assert evaluation["candidate"]["mape"] < 0.12
    assert evaluation["candidate"]["r2"] > 0.8
    assert evaluation["warnings"] == []
    assert {path.name for path in trained["model"].iterdir()} == {"model.joblib", "model.json"}
    predictions = pd.read_csv(trained["evaluation"] / "predictions.csv")
    assert list(predictions.columns) == ["timestamp", "sale_price", "candidate"]
    assert len(predictions) == evaluation["candidate"]["rows"]


def test_the_same_data_gives_the_same_model_file_by_file(
    trained: dict[str, Path], digest: str, prepared: Path, tmp_path: Path
) -> None:
    again = run_pipeline(PIPELINES / "train.yaml", {"data": prepared, "cutoff_date": "2010-03-31"}, tmp_path)
    assert content_digest(again["model"]) == digest
    assert content_digest(again["evaluation"]) == content_digest(trained["evaluation"])


def test_a_challenger_and_the_champion_are_measured_on_the_same_sales(
    trained: dict[str, Path], digest: str, prepared: Path, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted"
    shutil.copytree(trained["model"], mounted / "model")  # one folder below, as Azure ML mounts a model
    champion = {"champion": mounted, "champion_digest": digest}
    asked = {"data": prepared, "cutoff_date": "2010-06-30", "holdout_days": 150, **champion}
    outputs = run_pipeline(PIPELINES / "train.yaml", asked, tmp_path / "work")
    evaluation = json.loads((outputs["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"]["rows"] == evaluation["candidate"]["rows"] > 100
    assert evaluation["warnings"] == []
    columns = pd.read_csv(outputs["evaluation"] / "predictions.csv").columns
    assert list(columns) == ["timestamp", "sale_price", "candidate", "champion"]


@pytest.mark.parametrize(
    ("digest", "message"),
    [
        (["--champion-digest", "sha256:00"], "but sha256:00 was released: they changed"),
        ([], "without --champion-digest"),
    ],
)
def test_a_champion_that_cannot_be_checked_stops_the_evaluation_before_it_is_loaded(
    tmp_path: Path, digest: list[str], message: str
) -> None:
    for name in ("model", "champion"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text("{}")
    (tmp_path / "model" / "model.joblib").write_bytes(b"\x80\x04N.")
    (tmp_path / "champion" / "model.joblib").write_bytes(f"cposix\nsystem\n(S'touch {tmp_path}/sprung'\ntR.".encode())
    code = uploaded(PIPELINES / "components" / "evaluate.yaml", tmp_path / "code")
    arguments = ["--holdout", tmp_path, "--model", tmp_path / "model", "--champion", tmp_path / "champion"]
    command = [sys.executable, "-m", "sale_price.evaluate", *arguments, *digest, "--evaluation", tmp_path / "out"]
    ended = subprocess.run([str(part) for part in command], cwd=code, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert message in ended.stderr
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("file", "inputs"),
    [
        ("prepare.yaml", {"raw": "folder", "plant": "P", "circuit": "C", "cutoff_date": "2010-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2010-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2010-03-31", "champion": "folder", "champion_digest": "x"}),
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


IMAGE = pins((ENGINE / "service" / "requirements.txt").read_text().splitlines())
STEPS = pins(yaml.safe_load((ENGINE / "code" / "conda.yaml").read_text())["dependencies"][-1]["pip"])


@pytest.mark.parametrize(("package", "pinned"), sorted({**STEPS, **IMAGE}.items()))
def test_image_and_steps_have_the_versions_that_are_tested(package: str, pinned: str) -> None:
    assert pinned == version(package)
    assert {pins[package] for pins in (STEPS, IMAGE) if package in pins} == {pinned}
