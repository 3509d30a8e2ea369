"""Predictions are fetched from the training job that wrote them, and what is wrong with them is said in words."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blocks.clients.sdk_noise import VERBOSE
from domain.candidate.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from tasks.azure_ml.compute import Compute, ensure_compute
from tasks.azure_ml.pipelines import publish_pipeline, run_pipeline
from tasks.retries import is_transient
from tasks.training.predictions import fetch_predictions

PIPELINE = """
type: pipeline
name: predicting
inputs: {script: {type: string}}
outputs: {evaluation: {type: uri_folder}}
jobs:
  evaluate:
    type: command
    component: step.yaml
    inputs: {script: "${{parent.inputs.script}}"}
    outputs: {evaluation: "${{parent.outputs.evaluation}}"}
"""
STEP = """
type: command
name: predicting_step
inputs: {script: {type: string}}
outputs: {evaluation: {type: uri_folder}}
code: code
environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"}
command: python write.py ${{inputs.script}} ${{outputs.evaluation}}
"""
WRITE = """
import json, pathlib, sys
for name, text in json.loads(bytes.fromhex(sys.argv[1])).items():
    (pathlib.Path(sys.argv[2]) / name).write_text(text)
"""
ROW = "2014-01-01T00:00:00Z,1,2,3"


def circuit(job: str) -> ChangedCircuit:
    given: dict[str, Any] = dict.fromkeys(("model_digest", "data_report_digest"), "sha256:" + "1" * 64)
    given |= dict.fromkeys(("plant_id", "circuit_id", "model_name", "model_version", "data_asset"), "x")
    return ChangedCircuit(**given, cutoff_date=date(2014, 1, 1), training_job=job, metrics={"rmse": 1.0})


@pytest.fixture(scope="module")
def job(site, worker: str, tmp_path_factory):
    """Run a job that writes these files as its output "evaluation"; returns its name."""
    folder = tmp_path_factory.mktemp("predicting")
    (folder / "code").mkdir()
    for name, text in {"pipeline.yaml": PIPELINE, "step.yaml": STEP, "code/write.py": WRITE}.items():
        (folder / name).write_text(text.replace("name: predicting", f"name: predicting_{worker}"))
    compute = ensure_compute.fn(
        site.dev, Compute(name=f"predicting-{worker}", size="Standard_DS3_v2", max_instances=1), "tests"
    )
    published = publish_pipeline.fn(site.dev, Path(folder / "pipeline.yaml"))

    def run(name: str, files: dict[str, str]) -> str:
        inputs = {"script": json.dumps(files).encode().hex()}
        ended = run_pipeline(site.dev, published, job_name=name, experiment="x", compute=compute, inputs=inputs)
        return ended.must_have_completed("predicting").name

    return run


def test_what_the_job_wrote_is_fetched_whatever_the_measured_column_is_called(site, job) -> None:
    name = job("predicted-well", {"predictions.csv": f"timestamp,duration_ms,candidate,champion\n{ROW}\n"})
    frame = fetch_predictions(site.dev, circuit(name))
    assert list(frame.columns) == ["timestamp", "duration_ms", "candidate", "champion"]
    assert frame.to_numpy().tolist() == [["2014-01-01T00:00:00Z", 1, 2, 3]]


def test_a_download_is_told_only_where_all_is(
    site, job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = job("predicted-quietly", {"predictions.csv": f"timestamp,power,candidate,champion\n{ROW}\n"})
    monkeypatch.delenv(VERBOSE, raising=False)
    fetch_predictions(site.dev, circuit(name))
    assert "Downloading" not in caplog.text
    monkeypatch.setenv(VERBOSE, "1")
    fetch_predictions(site.dev, circuit(name))
    assert "Downloading artifact azureml://" in caplog.text


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"evaluation.json": "{}"}, r"wrote no predictions\.csv"),
        ({"predictions.csv": ""}, "is not a table"),
        ({"predictions.csv": f"timestamp,power,extra,candidate\n{ROW}\n"}, "one measured column"),
    ],
    ids=["none", "empty", "two-measured"],
)
def test_predictions_that_are_none_are_a_definite_no(
    files: dict[str, str], why: str, site, job, request: pytest.FixtureRequest
) -> None:
    name = job("predicted-" + request.node.callspec.id, files)
    with pytest.raises(Terminal, match=why):
        fetch_predictions(site.dev, circuit(name))


def test_a_job_that_was_deleted_is_a_definite_no(site) -> None:
    with pytest.raises(Terminal, match="downloading output evaluation of job never-was"):
        fetch_predictions(site.dev, circuit("never-was"))


def test_fetching_is_tried_again() -> None:
    assert fetch_predictions.retries == 4
    assert fetch_predictions.retry_condition_fn is is_transient
