"""Runs whose process is gone do not run for ever, nor keep others out."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Paused, Pending, Running
from pydantic import SecretStr

from deployments.laptop.crashed_runs import REASON, end_crashed_runs
from deployments.laptop.laptop import Laptop
from deployments.laptop.local_http import answers, request
from deployments.laptop.processes import StartError


@flow
def releases() -> None: ...


@pytest.fixture
def client(own_laptop: Laptop) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def deployment(client: SyncPrefectClient) -> Iterator[UUID]:
    """One run at a time, as prefect.yaml says of releases."""
    made = client.create_deployment(client.create_flow(releases), "lost", concurrency_limit=1)
    yield made
    client.delete_deployment(made)


def slots_taken(client: SyncPrefectClient, deployment: UUID) -> int:
    limit = client.read_deployment(deployment).global_concurrency_limit
    assert limit is not None
    return limit.active_slots


def test_a_lost_run_ends_with_what_to_do_and_gives_its_slot_back(
    own_laptop: Laptop, client: SyncPrefectClient, deployment: UUID
) -> None:
    run = client.create_flow_run_from_deployment(deployment).id
    client.set_flow_run_state(run, Pending())
    client.set_flow_run_state(run, Running())
    assert slots_taken(client, deployment) == 1
    assert end_crashed_runs(own_laptop.api_port, own_laptop.password) == 1
    state = client.read_flow_run(run).state
    assert state is not None
    assert state.is_crashed()
    assert state.message == REASON
    assert slots_taken(client, deployment) == 0


def test_a_run_that_waits_for_a_decision_is_left_waiting(
    own_laptop: Laptop, client: SyncPrefectClient, deployment: UUID
) -> None:
    run = client.create_flow_run_from_deployment(deployment).id
    client.set_flow_run_state(run, Paused(timeout_seconds=60), force=True)
    assert end_crashed_runs(own_laptop.api_port, own_laptop.password) == 0
    state = client.read_flow_run(run).state
    assert state is not None
    assert state.is_paused()


def test_a_server_that_refuses_is_named_with_its_answer(own_laptop: Laptop) -> None:
    with pytest.raises(StartError, match=r"answered 4\d\d to /api/flow_runs/filter"):
        end_crashed_runs(own_laptop.emulator_port, own_laptop.password)


def test_with_another_password_no_run_is_ended_and_it_is_said(own_laptop: Laptop) -> None:
    with pytest.raises(StartError, match="answered 401 to /api/flow_runs/filter"):
        end_crashed_runs(own_laptop.api_port, SecretStr("signalbox:another"))


def test_where_nobody_listens_nothing_answers(silent_port: int) -> None:
    assert not answers(silent_port, "/api/health")
    assert request(silent_port, "POST", "/api", {}) == (0, b"")
