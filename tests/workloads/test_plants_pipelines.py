"""The pipelines: the SDK accepts them, and their own commands run one circuit from raw readings to an evaluation."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
import yaml
from steps import run_pipeline, uploaded

from workloads.plants.code.circuit_power.scoring.score import content_digest

PLANTS = Path(__file__).parents[2] / "workloads" / "plants"
PIPELINES = PLANTS / "pipelines"
CONDA_FILES = (PLANTS / "code" / "conda.yaml", PLANTS / "code" / "circuit_power" / "scoring" / "conda.yaml")


def test_a_circuit_goes_from_raw_readings_to_a_candidate_and_then_to_a_challenger(scada: Path, tmp_path: Path) -> None:
    asked = {"raw": scada.parent, "plant": "HAUTEBORNE", "circuit": "R80736", "cutoff_date": "2014-04-30"}
    data = run_pipeline(PIPELINES / "prepare.yaml", asked, tmp_path / "prepare")["prepared"]
    assert {path.name for path in data.iterdir()} == {"MLTable", "data.parquet", "summary.json"}

    first = run_pipeline(PIPELINES / "train.yaml", {"data": data, "cutoff_date": "2014-03-31"}, tmp_path / "first")
    evaluation = json.loads((first["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"] is None
    assert evaluation["candidate"]["r2"] > 0.9
    assert evaluation["holdout"] == {"from": "2014-03-04T00:00:00Z", "to": "2014-04-01T00:00:00Z"}
    assert {path.name for path in first["model"].iterdir()} == {"model.joblib", "model.json"}

    champion = {"champion": first["model"], "champion_digest": content_digest(first["model"])}
    inputs = {"data": data, "cutoff_date": "2014-04-30", "holdout_days": 14, **champion}
    second = run_pipeline(PIPELINES / "train.yaml", inputs, tmp_path / "second")
    evaluation = json.loads((second["evaluation"] / "evaluation.json").read_text())
    assert evaluation["champion"]["rows"] == evaluation["candidate"]["rows"] > 1900
    assert "champion" in pd.read_csv(second["evaluation"] / "predictions.csv").columns


@pytest.mark.parametrize(
    ("digest", "message"),
    [
        (["--champion-digest", "sha256:00"], "but sha256:00 was released: they changed"),
        ([], "without --champion-digest"),
    ],
)
def test_a_champion_that_cannot_be_checked_stops_the_evaluation(
    tmp_path: Path, digest: list[str], message: str
) -> None:
    for name in ("model", "champion"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text("{}")
        (tmp_path / name / "model.joblib").write_bytes(b"\x80\x04N.")
    code = uploaded(PIPELINES / "components" / "evaluate.yaml", tmp_path / "code")
    arguments = ["--holdout", tmp_path, "--model", tmp_path / "model", "--champion", tmp_path / "champion"]
    command = [sys.executable, "-m", "circuit_power.evaluate", *arguments, *digest, "--evaluation", tmp_path / "out"]
    ended = subprocess.run([str(part) for part in command], cwd=code, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert message in ended.stderr


@pytest.mark.parametrize(
    ("file", "inputs"),
    [
        ("prepare.yaml", {"raw": "folder", "plant": "P", "circuit": "C", "cutoff_date": "2014-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2014-03-31"}),
        ("train.yaml", {"data": "folder", "cutoff_date": "2014-03-31", "champion": "folder", "champion_digest": "x"}),
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


def pins(file: Path) -> dict[str, str]:
    packages = yaml.safe_load(file.read_text())["dependencies"][-1]["pip"]
    return dict(package.split("==") for package in packages)


def test_scoring_and_training_environments_agree_where_they_share_a_package() -> None:
    steps, scoring = (pins(file) for file in CONDA_FILES)
    shared = steps.keys() & scoring.keys()
    assert {name: steps[name] for name in shared} == {name: scoring[name] for name in shared}
    assert {"numpy", "scikit-learn", "joblib", "pandas"} <= shared


@pytest.mark.parametrize("package", ["scikit-learn", "pandas", "pyarrow"])
def test_the_steps_environment_is_the_one_that_is_tested(package: str) -> None:
    assert pins(CONDA_FILES[0])[package] == version(package)
