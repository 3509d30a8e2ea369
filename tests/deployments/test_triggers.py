"""An event starts the next flow with the right parameters: prefect.yaml as deployed, on a real server."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.events import emit_event
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL

from deployments.commands.up import deploy
from deployments.environments.environment import load_environment
from deployments.laptop.laptop import Laptop
from deployments.work_pool import create_work_pool
from domain.errors import Terminal
from flows.deploy_version import deploy_version
from flows.extract_prepare import DATA_REGISTERED, SOURCE_PUSHED
from flows.train_register import MODELS_REGISTERED

ADA = "Ada Lovelace <ada@example.org>"
RESOURCE = {"prefect.resource.id": "signalbox.workload.plants"}


@pytest.fixture(scope="module", autouse=True)
def deployed(own_laptop: Laptop) -> None:
    """Every deployment of prefect.yaml, on a server where nobody else's events start them."""
    create_work_pool(load_environment("laptop").work_pool)
    deploy(own_laptop)


def parameters_of_the_run_started_by(event: str, payload: dict[str, Any], deployment: str) -> dict[str, Any]:
    with get_client(sync_client=True) as client:
        chosen = DeploymentFilter(id=DeploymentFilterId(any_=[client.read_deployment_by_name(deployment).id]))
        assert client.read_flow_runs(deployment_filter=chosen, limit=10) == []
        emit_event(event=event, resource=RESOURCE, payload=payload)
        deadline = time.monotonic() + 30
        while not (runs := client.read_flow_runs(deployment_filter=chosen, limit=10)):
            assert time.monotonic() < deadline, f"{event} started nothing"
            time.sleep(0.2)
    assert len(runs) == 1
    return runs[0].parameters


def test_registered_data_trains_exactly_its_circuits_with_a_list_that_stays_a_list() -> None:
    circuits = ["HAUTEBORNE/R80711", 'HAUTEBORNE/R"8']
    payload = {"workload": "plants", "cutoff_date": "2014-12-31", "circuits": circuits}
    started = parameters_of_the_run_started_by(DATA_REGISTERED, payload, "train-register/train-register")
    assert started == payload


def test_registered_models_are_released_by_the_id_of_the_build_that_kept_them() -> None:
    build = "0d4cbb4c-3d2e-4b0e-9d3c-2d2f0a0c9a77"
    payload = {"workload": "plants", "build": build}
    started = parameters_of_the_run_started_by(MODELS_REGISTERED, payload, "release/release")
    assert started["workload"] == "plants"
    assert started["changed_circuits"] == build


def pushed(branch: str, payload: dict[str, str], **labels: str) -> None:
    """The line that a job of the repository's CI calls."""
    resource = {"prefect.resource.id": "signalbox.workload.flask_app", "signalbox.branch": branch, **labels}
    words = [sys.executable, "-m", "prefect", "event", "emit", SOURCE_PUSHED, f"--resource={json.dumps(resource)}"]
    words += [f"--payload={json.dumps(payload)}"]
    server = {
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_API_AUTH_STRING": str(PREFECT_API_AUTH_STRING.value()),
    }
    done = subprocess.run(words, env={**os.environ, **server}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def runs_of(deployment: str) -> list[dict[str, Any]]:
    """Parameters of its runs, but for those that a schedule will start."""
    with get_client(sync_client=True) as client:
        chosen = DeploymentFilter(id=DeploymentFilterId(any_=[client.read_deployment_by_name(deployment).id]))
        runs = client.read_flow_runs(deployment_filter=chosen, limit=100)
    return [run.parameters for run in runs if not run.auto_scheduled]


def until_runs(deployment: str, count: int, **parameters: str) -> list[dict[str, Any]]:
    """So many runs that have these parameters."""
    deadline = time.monotonic() + 60
    while len(runs := [run for run in runs_of(deployment) if parameters.items() <= run.items()]) < count:
        assert time.monotonic() < deadline, f"{deployment} has {len(runs)} runs"
        time.sleep(0.2)
    return runs


def test_a_push_prepares_on_main_and_carries_a_named_version_to_qa_on_develop() -> None:
    commit = {"workload": "flask_app", "commit": "c0ffee", "author": ADA}
    pushed("feature", {**commit, "branch": "feature"})
    pushed("develop", {**commit, "branch": "develop"})  # names no version
    pushed("main", {**commit, "branch": "main", "cutoff_date": "2013-06-30"})
    named = {**commit, "branch": "develop", "circuit": "NYC/AIRTIME", "version": "3"}
    pushed("develop", named, **{"signalbox.version": "3"})
    prepared = until_runs("extract-prepare/extract-prepare", 1)
    carried = until_runs("deploy-version/deploy-version", 1, version="3")
    pushed("main", {**commit, "branch": "main"})
    prepared = until_runs("extract-prepare/extract-prepare", 2)
    assert sorted(str(run["cutoff_date"]) for run in prepared) == ["2013-06-30", "None"]
    assert {run["workload"] for run in prepared} == {"flask_app"}
    assert carried == [
        {
            "workload": "flask_app",
            "circuit": "NYC/AIRTIME",
            "version": "3",
            "stage": "qa",
            "requested_by": ADA,
        }
    ]
    assert {run["version"] for run in runs_of("deploy-version/deploy-version")} <= {
        "3",
        "4",
    }  # what names none starts none


def test_a_push_to_develop_that_names_nobody_names_nobody_to_the_flow_which_refuses() -> None:
    payload = {
        "workload": "flask_app",
        "commit": "c0ffee",
        "branch": "develop",
        "circuit": "NYC/AIRTIME",
        "version": "4",
    }
    pushed("develop", payload, **{"signalbox.version": "4"})
    [started] = until_runs("deploy-version/deploy-version", 1, version="4")
    with pytest.raises(Terminal, match="nothing says who asked for this"):
        deploy_version(**started)
