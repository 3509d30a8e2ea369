"""The unmodified SDK invokes batch endpoints, and the deployment's script really scores."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants._endpoint import EndpointInvokeFields
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.core.exceptions import HttpResponseError

ENDPOINT = "be-tour"
SCORE = """
import os, pathlib
def init():
    global word
    word = next(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("word.txt")).read_text()
def run(files):
    print("batch of", len(files), "by", os.getpid())
    return [f"{word} {pathlib.Path(name).name}" for name in files]
"""


@pytest.fixture(scope="module")
def ws(make_ml: Callable[[str], MLClient], tmp_path_factory: pytest.TempPathFactory) -> MLClient:
    """A workspace with a cluster, a model and an endpoint."""
    client = make_ml("batch")
    client.compute.begin_create_or_update(AmlCompute(name="cluster", size="Standard_DS3_v2", max_instances=4)).result()
    folder = tmp_path_factory.getbasetemp() / "tour-batch"  # the same where the file's tests are not run in one go
    folder.mkdir(exist_ok=True)
    (folder / "word.txt").write_text("seen")
    client.models.create_or_update(Model(name="word", version="1", path=str(folder), type="custom_model"))
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=ENDPOINT)).result()
    return client


def deploy(ws: MLClient, folder: Path, name: str, score: str = SCORE, **settings: int) -> str:
    """A deployment with this script; its name."""
    (folder / "code").mkdir()
    (folder / "code" / "score.py").write_text(score)
    conda = folder / "conda.yaml"
    conda.write_text("dependencies: [python=3.11]\n")
    retry = BatchRetrySettings(max_retries=0, timeout=settings.pop("timeout", 10))
    chosen = {"instance_count": 1, "max_concurrency_per_instance": 1, "mini_batch_size": 2, "error_threshold": 0}
    deployment = ModelBatchDeployment(
        name=name,
        endpoint_name=ENDPOINT,
        model="azureml:word:1",
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        environment=Environment(image="mcr.microsoft.com/azureml/minimal", conda_file=str(conda)),
        compute="cluster",
        settings=ModelBatchDeploymentSettings(retry_settings=retry, **{**chosen, **settings}),
    )
    ws.batch_deployments.begin_create_or_update(deployment).result()
    return name


def score(ws: MLClient, folder: Path, deployment: str | None, files: int = 5) -> tuple[str, str]:
    """Invoke over so many files; the job's name and the status in which it ended."""
    data = folder / "data"
    data.mkdir()
    for number in range(files):
        (data / f"{number}.csv").write_text(str(number))
    more = {"deployment_name": deployment} if deployment else {}
    job = ws.batch_endpoints.invoke(endpoint_name=ENDPOINT, input=Input(type="uri_folder", path=str(data)), **more)
    deadline = time.monotonic() + 40
    while (status := ws.jobs.get(job.name).status) not in {"Completed", "Failed", "Canceled"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return str(job.name), str(getattr(status, "value", status))


def log_of(ws: MLClient, job: str, folder: Path) -> str:
    child = next(iter(ws.jobs.list(parent_job_name=job)))
    ws.jobs.download(child.name, download_path=folder / "log")
    return (folder / "log" / "artifacts" / "user_logs" / "std_log.txt").read_text()


def test_every_file_is_scored_in_mini_batches_and_rows_are_appended_to_one_file(ws: MLClient, tmp_path: Path) -> None:
    job, status = score(ws, tmp_path, deploy(ws, tmp_path, "good"))
    assert status == "Completed"
    ws.jobs.download(job, download_path=tmp_path / "got", output_name="score")
    found = next((tmp_path / "got").rglob("predictions.csv"))
    assert sorted(found.read_text().splitlines()) == [f"seen {number}.csv" for number in range(5)]
    log = log_of(ws, job, tmp_path)
    assert [line.split(" by ")[0] for line in log.splitlines() if " by " in line] == [
        "batch of 2",
        "batch of 2",
        "batch of 1",
    ]
    assert job in [one.name for one in ws.batch_endpoints.list_jobs(ENDPOINT)]


@pytest.mark.parametrize(
    ("instances", "asked"), [(1, 2), (2, 4), (8, 16)], ids=["two", "four", "more than this machine has room for"]
)
def test_instances_and_concurrency_give_that_many_workers_up_to_two_a_processor(
    ws: MLClient, tmp_path: Path, instances: int, asked: int
) -> None:
    slow = SCORE.replace("    print(", "    import time; time.sleep(0.2)\n    print(")
    more = {"instance_count": instances, "max_concurrency_per_instance": 2, "mini_batch_size": 1}
    job, status = score(ws, tmp_path, deploy(ws, tmp_path, f"wide{instances}", slow, **more), files=17)
    assert status == "Completed"
    log = log_of(ws, job, tmp_path)
    started = min(asked, 2 * (os.cpu_count() or 1))
    assert f"{asked} workers asked for, {started} started" in log
    assert len({line.split(" by ")[1] for line in log.splitlines() if " by " in line}) == started


@pytest.mark.parametrize(
    ("threshold", "ends"), [(0, "Failed"), (1, "Completed"), (-1, "Completed")], ids=["none", "one", "any number"]
)
def test_the_error_threshold_is_how_many_items_may_fail(
    ws: MLClient, tmp_path: Path, threshold: int, ends: str
) -> None:
    picky = SCORE.replace(
        "    return", "    if '3.csv' in files[0]:\n        raise ValueError('bad three')\n    return"
    )
    name = deploy(ws, tmp_path, f"picky{threshold + 1}", picky, error_threshold=threshold, mini_batch_size=1)
    job, status = score(ws, tmp_path, name)
    assert status == ends
    assert "ValueError: bad three" in log_of(ws, job, tmp_path)


@pytest.mark.parametrize(
    ("name", "script", "told"),
    [
        (
            "hangs",
            SCORE.replace("    return", "    import time; time.sleep(60)\n    return"),
            "no answer within 1 seconds",
        ),
        (
            "silent",
            SCORE.replace('[f"{word} {pathlib.Path(name).name}" for name in files]', "[]"),
            "more than the error threshold",
        ),
        ("broken", SCORE.replace("global word", "raise RuntimeError('no word')"), "RuntimeError: no word"),
    ],
)
def test_scoring_that_goes_wrong_fails_the_job_and_says_why(
    ws: MLClient, tmp_path: Path, name: str, script: str, told: str
) -> None:
    job, status = score(ws, tmp_path, deploy(ws, tmp_path, name, script, timeout=1), files=2)
    assert status == "Failed"
    assert told in log_of(ws, job, tmp_path)


def rows_of(ws: MLClient, job: str, folder: Path) -> list[str]:
    ws.jobs.download(job, download_path=folder / "got", output_name="score")
    return next((folder / "got").rglob("predictions.csv")).read_text().splitlines()


def test_rows_of_a_table_are_separated_by_spaces_without_a_header(ws: MLClient, tmp_path: Path) -> None:
    frame = "    import pandas\n    return pandas.DataFrame({'n': [1.5], 'w': [word]})\n"
    table = SCORE[: SCORE.index("    return")] + frame
    job, status = score(ws, tmp_path, deploy(ws, tmp_path, "table", table), files=1)
    assert status == "Completed"
    assert rows_of(ws, job, tmp_path) == ["1.5 seen"]


def test_the_default_deployment_scores_unless_the_header_names_another(ws: MLClient, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        deploy(ws, tmp_path / name, name, SCORE.replace("{word}", name))
    endpoint = ws.batch_endpoints.get(ENDPOINT)
    endpoint.defaults.deployment_name = "first"
    ws.batch_endpoints.begin_create_or_update(endpoint).result()
    try:
        for asked, answers in ((None, "first"), ("second", "second")):
            place = tmp_path / f"by-{answers}"
            place.mkdir()
            EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)
            job, status = score(ws, place, asked, files=1)
            assert status == "Completed"
            assert rows_of(ws, job, place) == [f"{answers} 0.csv"]
    finally:
        endpoint.defaults.deployment_name = ""
        ws.batch_endpoints.begin_create_or_update(endpoint).result()


def test_without_a_default_deployment_one_must_be_named(ws: MLClient, tmp_path: Path) -> None:
    deploy(ws, tmp_path, "unnamed")
    EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)  # the SDK keeps the last one's
    with pytest.raises(HttpResponseError, match="has no default deployment"):
        score(ws, tmp_path, None)


def test_a_cancelled_scoring_job_ends_its_workers_and_stores_nothing(ws: MLClient, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    endless = f"    while True:\n        pathlib.Path({str(mark)!r}).write_text(str(os.times()))\n"
    name = deploy(ws, tmp_path, "endless", SCORE[: SCORE.index("    print")] + endless, timeout=60)
    data = tmp_path / "one.csv"
    data.write_text("1")
    job = ws.batch_endpoints.invoke(
        endpoint_name=ENDPOINT, deployment_name=name, input=Input(type="uri_file", path=str(data))
    )
    deadline = time.monotonic() + 10
    while not mark.exists():
        assert time.monotonic() < deadline, "run() was not called"
        time.sleep(0.05)
    ws.jobs.begin_cancel(job.name).result()
    while ws.jobs.get(job.name).status != "Canceled":
        assert time.monotonic() < deadline, "the job did not end"
        time.sleep(0.05)
    last = mark.read_text()
    time.sleep(0.2)
    assert mark.read_text() == last
    child = next(iter(ws.jobs.list(parent_job_name=job.name)))
    assert child.status == "Canceled"
    assert "score" not in (ws.jobs.get(job.name).outputs or {})
