"""Code that components share is uploaded with each of them, runs in their jobs, and makes a new version where it has changed."""

from pathlib import Path

import pytest

from domain.errors import Terminal
from tasks.azure_ml.compute import Compute, ensure_compute
from tasks.azure_ml.pipelines import download_output, publish_pipeline, run_pipeline

PIPELINE = """
type: pipeline
name: including
outputs: {said: {type: uri_folder}}
jobs:
  say: {type: command, component: step.yaml, outputs: {said: "${{parent.outputs.said}}"}}
"""
STEP = """
type: command
name: including_step
outputs: {said: {type: uri_folder}}
code: code
additional_includes: [shared/greeting, shared/name.txt]
environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"}
command: python -m saying.say ${{outputs.said}}
"""
SAY = """
import pathlib, sys
from greeting.word import WORD
(pathlib.Path(sys.argv[1]) / "said.txt").write_text(f"{WORD} {pathlib.Path('name.txt').read_text()}")
"""


@pytest.fixture
def pipeline(tmp_path: Path, unique: str) -> Path:
    files = {
        "pipeline.yaml": PIPELINE,
        "step.yaml": STEP.replace("including_step", f"including_step_{unique}"),
        "code/saying/__init__.py": "",
        "code/saying/say.py": SAY,
        "shared/greeting/__init__.py": "",
        "shared/greeting/word.py": "WORD = 'hello'",
        "shared/name.txt": "Ada",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "pipeline.yaml"


def test_a_job_runs_with_what_its_component_includes_and_a_change_of_it_is_registered_anew(
    site, pipeline: Path, unique: str, tmp_path: Path
) -> None:
    compute = ensure_compute.fn(
        site.dev, Compute(name=f"incl-{unique}", size="Standard_DS3_v2", max_instances=1), "tests"
    )

    def said(job: str) -> tuple[str, str]:
        """The version that is registered, and what its job wrote."""
        published = publish_pipeline.fn(site.dev, pipeline)
        ended = run_pipeline(
            site.dev, published, job_name=f"{job}-{unique}", experiment="x", compute=compute, inputs={}
        )
        name = ended.must_have_completed("saying").name
        return published.components["say"], (
            download_output(site.dev, name, "said", tmp_path / job) / "said.txt"
        ).read_text()

    first, text = said("first")
    assert text == "hello Ada"
    assert publish_pipeline.fn(site.dev, pipeline).components["say"] == first
    (pipeline.parent / "shared" / "greeting" / "word.py").write_text("WORD = 'good day'")
    second, text = said("second")
    assert text == "good day Ada"
    (pipeline.parent / "shared" / "name.txt").write_text("Grace")
    third, text = said("third")
    assert text == "good day Grace"
    assert len({first, second, third}) == 3


def test_what_is_not_there_cannot_be_included(site, pipeline: Path) -> None:
    (pipeline.parent / "shared" / "name.txt").unlink()
    with pytest.raises(Terminal, match=r"a component includes name\.txt, but there is no such file or folder"):
        publish_pipeline.fn(site.dev, pipeline)
