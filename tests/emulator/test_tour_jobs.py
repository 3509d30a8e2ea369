"""The unmodified SDK submits jobs, and the emulator really runs them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import Input, MLClient, Output, command, load_component, load_job
from azure.ai.ml.entities import AmlCompute, Data, Model, PipelineJob, PipelineJobSettings
from azure.core.exceptions import HttpResponseError

ENDED = {"Completed", "Failed", "Canceled"}
ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/versions/1"


@pytest.fixture(scope="module")
def ws(make_ml: Callable[[str], MLClient]) -> MLClient:
    """A workspace with a cluster of two nodes."""
    client = make_ml("jobs")
    client.compute.begin_create_or_update(AmlCompute(name="cluster", size="Standard_DS3_v2", max_instances=2)).result()
    return client


def ended(ws: MLClient, name: str, seconds: float = 30) -> str:
    """The status in which a job ends."""
    deadline = time.monotonic() + seconds
    while (status := ws.jobs.get(name).status) not in ENDED:
        assert time.monotonic() < deadline, f"{name} is {status} after {seconds} s"
        time.sleep(0.1)
    return str(getattr(status, "value", status))


def log_of(ws: MLClient, name: str, folder: Path) -> str:
    ws.jobs.download(name, download_path=folder)
    return (folder / "artifacts" / "user_logs" / "std_log.txt").read_text()


def submit(ws: MLClient, folder: Path, script: str, line: str = "python main.py", **more: Any) -> str:
    """Submit a command job with one script; its name."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "main.py").write_text(script)
    job = command(code=code, command=line, environment=ENVIRONMENT, compute=more.pop("compute", "cluster"), **more)
    return str(ws.jobs.create_or_update(job).name)


def test_a_command_reads_its_inputs_and_its_outputs_are_stored(ws: MLClient, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("four")
    script = (
        "import sys, pathlib\nsource, n, out = sys.argv[1:]\n"
        "text = pathlib.Path(source, 'a.txt').read_text()\n"
        "pathlib.Path(out, 'b.txt').write_text(text * int(n))\nprint('done')\n"
    )
    name = submit(
        ws,
        tmp_path,
        script,
        "python main.py ${{inputs.source}} ${{inputs.n}} ${{outputs.made}}",
        inputs={"source": Input(type="uri_folder", path=str(data)), "n": 2},
        outputs={"made": Output(type="uri_folder")},
    )
    assert ended(ws, name) == "Completed"
    ws.jobs.download(name, download_path=tmp_path / "got", output_name="made")
    assert (tmp_path / "got" / "named-outputs" / "made" / "b.txt").read_text() == "fourfour"
    assert log_of(ws, name, tmp_path / "log") == "done\n"


def test_user_code_that_raises_fails_the_job_with_its_traceback_in_the_log(ws: MLClient, tmp_path: Path) -> None:
    name = submit(ws, tmp_path, "raise ValueError('seven is not even')\n")
    assert ended(ws, name) == "Failed"
    log = log_of(ws, name, tmp_path / "log")
    assert "Traceback (most recent call last)" in log
    assert "ValueError: seven is not even" in log


def test_a_cancelled_job_ends_its_process(ws: MLClient, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    script = f"import pathlib, time\nwhile True:\n    pathlib.Path({str(mark)!r}).write_text(str(time.time()))\n    time.sleep(0.05)\n"
    name = submit(ws, tmp_path, script)
    while not mark.exists():
        time.sleep(0.05)
    ws.jobs.begin_cancel(name).result()
    assert ended(ws, name) == "Canceled"
    last = mark.read_text()
    time.sleep(0.3)
    assert mark.read_text() == last


def test_a_job_that_exceeds_its_time_limit_fails(ws: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import CommandJobLimits

    code = tmp_path / "code"
    code.mkdir()
    (code / "main.py").write_text("import time; time.sleep(60)")
    job = command(code=code, command="python main.py", environment=ENVIRONMENT, compute="cluster")
    job.limits = CommandJobLimits(timeout=1)
    name = str(ws.jobs.create_or_update(job).name)
    assert ended(ws, name) == "Failed"
    assert "longer than 1 seconds" in log_of(ws, name, tmp_path / "log")


def test_a_compute_that_does_not_exist_is_refused(ws: MLClient, tmp_path: Path) -> None:
    with pytest.raises(HttpResponseError, match="'nowhere' was not found"):
        submit(ws, tmp_path, "print(1)", compute="nowhere")


def test_user_code_cannot_change_what_is_stored(ws: MLClient, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("as it was")
    ws.data.create_or_update(Data(name="kept", version="1", path=str(folder), type="uri_folder"))
    script = "import sys, pathlib\npathlib.Path(sys.argv[1], 'a.txt').write_text('changed')\n"
    source = {"source": Input(type="uri_folder", path="azureml:kept:1")}
    assert ended(ws, submit(ws, tmp_path, script, "python main.py ${{inputs.source}}", inputs=source)) == "Completed"
    check = "import sys, pathlib\nassert pathlib.Path(sys.argv[1], 'a.txt').read_text() == 'as it was'\n"
    assert ended(ws, submit(ws, tmp_path, check, "python main.py ${{inputs.source}}", inputs=source)) == "Completed"


def test_what_a_command_leaves_in_its_own_folders_is_kept_even_when_it_fails(ws: MLClient, tmp_path: Path) -> None:
    script = (
        "import pathlib\npathlib.Path('outputs/model').mkdir()\n"
        "pathlib.Path('outputs/model/m.txt').write_text('weights')\npathlib.Path('logs/steps.txt').write_text('1')\n"
        "raise SystemExit(3)\n"
    )
    name = submit(ws, tmp_path, script)
    assert ended(ws, name) == "Failed"
    ws.jobs.download(name, download_path=tmp_path / "got")
    assert (tmp_path / "got" / "artifacts" / "outputs" / "model" / "m.txt").read_text() == "weights"
    assert (tmp_path / "got" / "artifacts" / "logs" / "steps.txt").read_text() == "1"

    kept = f"azureml://jobs/{name}/outputs/artifacts/paths/outputs/model/"
    ws.models.create_or_update(Model(name="kept", version="1", path=kept, type="custom_model"))
    check = (
        "import sys, pathlib\nassert [pathlib.Path(a, 'm.txt').read_text() for a in sys.argv[1:]] == ['weights'] * 2\n"
    )
    inputs = {
        "job": Input(type="uri_folder", path=kept),
        "model": Input(type="custom_model", path="azureml:kept:1"),
    }
    line = "python main.py ${{inputs.job}} ${{inputs.model}}"
    assert ended(ws, submit(ws, tmp_path, check, line, inputs=inputs)) == "Completed"


STEP = """
type: command
name: {name}
inputs:
  given: {{type: {kind}, optional: {optional}}}
outputs:
  made: {{type: uri_folder}}
code: ./code
command: >-
  python {name}.py $[[${{{{inputs.given}}}}]] ${{{{outputs.made}}}}
environment: {environment}
"""
PIPELINE = """
type: pipeline
name: two_steps
inputs:
  word: {type: string, optional: true}
outputs:
  last: {type: uri_folder}
jobs:
  first:
    type: command
    component: first.yaml
    inputs: {given: "${{parent.inputs.word}}"}
  second:
    type: command
    component: second.yaml
    inputs: {given: "${{parent.jobs.first.outputs.made}}"}
    outputs: {made: "${{parent.outputs.last}}"}
"""


def pipeline(ws: MLClient, folder: Path, first: str, **inputs: str) -> str:
    """Submit a pipeline of two steps; its name."""
    (folder / "code").mkdir()
    (folder / "code" / "first.py").write_text(first)
    second = "import sys, pathlib\npathlib.Path(sys.argv[2], 'w').write_text(pathlib.Path(sys.argv[1], 'w').read_text() + '!')\n"
    (folder / "code" / "second.py").write_text(second)
    values = {"environment": ENVIRONMENT, "optional": "true"}
    (folder / "first.yaml").write_text(STEP.format(name="first", kind="string", **values))
    (folder / "second.yaml").write_text(STEP.format(name="second", kind="uri_folder", **values))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    job = PipelineJob(
        component=load_component(folder / "pipeline.yaml"),
        inputs=inputs,
        settings=PipelineJobSettings(default_compute="cluster"),
    )
    return str(ws.jobs.create_or_update(job).name)


WRITES = "import sys, pathlib\nword = sys.argv[1] if len(sys.argv) > 2 else 'nothing'\npathlib.Path(sys.argv[-1], 'w').write_text(word)\n"


@pytest.mark.parametrize(
    ("inputs", "result"), [({"word": "hello"}, "hello!"), ({}, "nothing!")], ids=["given", "left out"]
)
def test_a_pipeline_runs_its_steps_in_order(ws: MLClient, tmp_path: Path, inputs: dict[str, str], result: str) -> None:
    name = pipeline(ws, tmp_path, WRITES, **inputs)
    assert ended(ws, name) == "Completed"
    ws.jobs.download(name, download_path=tmp_path / "got", output_name="last")
    assert (tmp_path / "got" / "named-outputs" / "last" / "w").read_text() == result
    assert {child.display_name: child.status for child in ws.jobs.list(parent_job_name=name)} == {
        "first": "Completed",
        "second": "Completed",
    }


def test_a_pipeline_of_registered_components_runs(ws: MLClient, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "shout.py").write_text(WRITES)
    values = {"environment": ENVIRONMENT, "optional": "false", "kind": "string"}
    (tmp_path / "shout.yaml").write_text(
        STEP.format(name="shout", **values).replace("$[[${{inputs.given}}]]", "${{inputs.given}}")
    )
    registered = ws.components.create_or_update(load_component(tmp_path / "shout.yaml"), version="7")
    (tmp_path / "pipeline.yaml").write_text(
        "type: pipeline\nsettings: {default_compute: azureml:cluster}\noutputs: {said: {type: uri_folder}}\n"
        "jobs:\n  say:\n    type: command\n    component: azureml:shout:7\n"
        "    inputs: {given: aloud}\n    outputs: {made: '${{parent.outputs.said}}'}\n"
    )
    name = str(ws.jobs.create_or_update(load_job(tmp_path / "pipeline.yaml")).name)
    assert registered.version == "7"
    assert ended(ws, name) == "Completed"
    ws.jobs.download(name, download_path=tmp_path / "got", output_name="said")
    assert (tmp_path / "got" / "named-outputs" / "said" / "w").read_text() == "aloud"


def test_a_failing_step_fails_the_pipeline_and_what_needs_it_does_not_run(ws: MLClient, tmp_path: Path) -> None:
    name = pipeline(ws, tmp_path, "raise SystemExit('broken')")
    assert ended(ws, name) == "Failed"
    children = {child.display_name: child for child in ws.jobs.list(parent_job_name=name)}
    assert {step: child.status for step, child in children.items()} == {"first": "Failed", "second": "Canceled"}
    assert "broken" in log_of(ws, children["first"].name, tmp_path / "log")


def test_streaming_shows_the_log_and_ends_with_the_job(ws: MLClient, tmp_path: Path, capsys: Any) -> None:
    name = submit(ws, tmp_path, "import time\nprint('on its way')\ntime.sleep(4)")
    ws.jobs.stream(name)
    assert "on its way" in capsys.readouterr().out


def test_jobs_are_listed_without_the_steps_of_pipelines(ws: MLClient, tmp_path: Path) -> None:
    name = pipeline(ws, tmp_path, WRITES)
    ended(ws, name)
    names = [job.name for job in ws.jobs.list()]
    assert name in names
    assert f"{name}-first" not in names
