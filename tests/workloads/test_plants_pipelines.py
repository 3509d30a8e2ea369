"""The pipelines: the SDK accepts them, and their own commands run one circuit from raw readings to an evaluation."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from workloads.plants.code.circuit_power.scoring.score import content_digest

PLANTS = Path(__file__).parents[2] / "workloads" / "plants"
PIPELINES = PLANTS / "pipelines"
CONDA_FILES = (PLANTS / "code" / "conda.yaml", PLANTS / "code" / "circuit_power" / "scoring" / "conda.yaml")


def run_pipeline(file: Path, inputs: Mapping[str, object], work: Path) -> dict[str, Path]:
    """Run every step's command in order, bindings and optional inputs resolved; return the pipeline's outputs."""
    pipeline = yaml.safe_load(file.read_text())
    defaults = {name: spec["default"] for name, spec in pipeline["inputs"].items() if "default" in spec}
    given, step_outputs, outputs = {**defaults, **inputs}, dict[str, Path](), dict[str, Path]()
    for step, job in pipeline["jobs"].items():
        component = yaml.safe_load((file.parent / job["component"]).read_text())
        values = {name: spec["default"] for name, spec in component["inputs"].items() if "default" in spec}
        for name, binding in job["inputs"].items():
            source = re.fullmatch(r"\$\{\{parent\.(?:inputs\.(\w+)|jobs\.(\w+)\.outputs\.(\w+))\}\}", binding)
            assert source, binding
            known, key = (given, source[1]) if source[1] else (step_outputs, f"{source[2]}.{source[3]}")
            if key in known:
                values[name] = known[key]
        for name in component["outputs"]:
            step_outputs[f"{step}.{name}"] = work / step / name
            if bound := job.get("outputs", {}).get(name):
                outputs[bound.removeprefix("${{parent.outputs.").removesuffix("}}")] = work / step / name
        run_step(component, values, {name: work / step / name for name in component["outputs"]})
    return outputs


def run_step(component: Mapping[str, Any], inputs: Mapping[str, object], outputs: Mapping[str, Path]) -> None:
    def keep_if_given(optional: re.Match[str]) -> str:
        return optional[1] if re.findall(r"inputs\.(\w+)", optional[1])[0] in inputs else ""

    command = re.sub(r"\$\[\[(.*?)\]\]", keep_if_given, component["command"])
    command = re.sub(r"\$\{\{inputs\.(\w+)\}\}", lambda found: str(inputs[found[1]]), command)
    command = re.sub(r"\$\{\{outputs\.(\w+)\}\}", lambda found: str(outputs[found[1]]), command)
    code = (PIPELINES / "components" / component["code"]).resolve()
    arguments = command.replace("python ", f"{sys.executable} ", 1).split()
    subprocess.run(arguments, cwd=code, check=True, capture_output=True, text=True, timeout=120)


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
    arguments = ["--holdout", tmp_path, "--model", tmp_path / "model", "--champion", tmp_path / "champion"]
    command = [sys.executable, "-m", "circuit_power.evaluate", *arguments, *digest, "--evaluation", tmp_path / "out"]
    ended = subprocess.run(
        [str(part) for part in command], cwd=PLANTS / "code", capture_output=True, text=True, check=False
    )
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


@pytest.mark.parametrize("package", ["scikit-learn", "pandas", "pyarrow", "pyyaml"])
def test_the_steps_environment_is_the_one_that_is_tested(package: str) -> None:
    assert pins(CONDA_FILES[0])[package] == version(package)
