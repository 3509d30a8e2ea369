"""An event starts the next flow with the right parameters: prefect.yaml as deployed, on a real server."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.events import emit_event

from deployments.bootstrap import create_work_pool
from deployments.commands.up import deploy
from deployments.environment import load_environment
from deployments.laptop import Laptop
from flows.extract_prepare import DATA_REGISTERED
from flows.train_register import MODELS_REGISTERED

RESOURCE = {"prefect.resource.id": "signalbox.workload.plants"}


@pytest.fixture(scope="module", autouse=True)
def deployed(laptop: Laptop) -> Iterator[None]:
    """Every deployment of prefect.yaml; gone afterwards, so that other tests' events start nothing."""
    create_work_pool(load_environment("laptop"))
    deploy(laptop)
    yield
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)


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
