"""Who may start a run chooses neither its command line nor its variables nor its folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.utilities.asyncutils import run_coro_as_sync
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from deployments.environments.environment import load_environment
from deployments.laptop.laptop import Laptop
from deployments.work_pool import NOT_A_RUNS_CHOICE, TEMPLATE, create_work_pool, narrowed

CHOICES: list[dict[str, Any]] = [
    {"command": "touch /mine"},
    {"env": {"PYTHONPATH": "/mine"}},
    {"env.PYTHONPATH": "/mine"},
    {"working_dir": "/"},
]
PREFECTS_OWN = ProcessWorker.get_default_base_job_template()


@flow
def greets() -> None: ...


@pytest.fixture
def client(laptop: Laptop) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture(params=["new", "from before", "from before, without a worker"])
def pool(request: pytest.FixtureRequest, client: SyncPrefectClient, unique: str) -> Iterator[str]:
    """As set-up leaves it, whatever was there."""
    name = f"narrow-{unique}"
    if request.param != "new":
        template = PREFECTS_OWN if request.param == "from before" else {}
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
    create_work_pool(name)
    yield name
    client.delete_work_pool(name)


@pytest.fixture
def deployment(client: SyncPrefectClient, pool: str) -> Iterator[UUID]:
    made = client.create_deployment(client.create_flow(greets), pool, work_pool_name=pool)
    yield made
    client.delete_deployment(made)


def job(template: dict[str, Any], values: dict[str, Any]) -> ProcessJobConfiguration:
    """What a worker would start."""
    made = run_coro_as_sync(ProcessJobConfiguration.from_template_and_values(template, values))
    assert isinstance(made, ProcessJobConfiguration)
    return made


def test_a_run_that_chooses_is_refused_and_starts_nothing(
    client: SyncPrefectClient, pool: str, deployment: UUID, tmp_path: Path
) -> None:
    template = client.read_work_pool(pool).base_job_template
    for chosen in CHOICES:
        with pytest.raises(PrefectHTTPStatusError, match="422"):
            client.create_flow_run_from_deployment(deployment, job_variables=chosen)
        started = job(template, chosen)  # as if the server had let it pass, which it does for runs of a schedule
        assert (started.command, started.env, started.working_dir) == (None, {}, None)
    assert client.create_flow_run_from_deployment(deployment, job_variables={"stream_output": False}).job_variables
    assert client.create_flow_run_from_deployment(deployment).job_variables == {}


def test_a_deployment_that_chooses_is_refused(client: SyncPrefectClient, pool: str) -> None:
    flow_id = client.create_flow(greets)
    for chosen in CHOICES:
        with pytest.raises(PrefectHTTPStatusError, match="422"):
            client.create_deployment(flow_id, f"{pool}-chooses", work_pool_name=pool, job_variables=chosen)
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name(f"greets/{pool}-chooses")


def test_in_prefect_s_own_template_each_of_them_would_count() -> None:
    for chosen in CHOICES:
        started = job(PREFECTS_OWN, chosen)
        assert (started.command, started.env, started.working_dir) != (None, {}, None)


def test_what_an_administrator_fixed_for_all_runs_stays_and_no_run_adds_to_it() -> None:
    fixed = {**PREFECTS_OWN, "job_configuration": {"command": "nice python -m prefect.engine", "env": {"A": "1"}}}
    left = narrowed(fixed)
    assert left["job_configuration"] == fixed["job_configuration"]
    assert left["variables"]["additionalProperties"] is False
    assert narrowed(left) == left
    assert "command" in fixed["variables"]["properties"]


def test_narrowed_twice_is_narrowed_once_and_no_variable_is_left_without_a_place() -> None:
    for template in (TEMPLATE, narrowed(PREFECTS_OWN), narrowed({})):
        assert narrowed(template) == template
        assert set(template["variables"]["properties"]) == set(template["job_configuration"])
        assert set(NOT_A_RUNS_CHOICE).isdisjoint(template["job_configuration"])


def test_a_pool_of_another_type_is_somebody_else_s(client: SyncPrefectClient, unique: str) -> None:
    template = {"job_configuration": {"command": "{{ command }}"}, "variables": {"properties": {"command": {}}}}
    client.create_work_pool(WorkPoolCreate(name=unique, type="kubernetes", base_job_template=template))
    create_work_pool(unique)
    assert client.read_work_pool(unique).base_job_template == template
    client.delete_work_pool(unique)


def test_set_up_makes_the_laptop_s_pool_so(environment: str, client: SyncPrefectClient) -> None:
    assert client.read_work_pool(load_environment(environment).work_pool).base_job_template == TEMPLATE
