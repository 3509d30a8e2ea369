"""Old deployments go, whatever Azure does meanwhile; what stays, and why: test_cleaning_rules.py."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from own_faults import OwnFaults
from prefect import flow
from tiny import Tiny, naming_of

from domain.declaration.workload import Compute
from domain.ledger.fact import FIRST, Fact, Kind
from domain.naming import deployment_name
from domain.rollout.cleanup_report import CleanupReport
from domain.tags import NO_PREVIOUS, PREVIOUS, deployment_tags
from flows.fan_out.each import FAN_OUT
from flows.rollout.cleanup import clean_stage, clean_up_failed
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.models import register_model
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.targets.batch_endpoint.deployments import deployments_of
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.platform import DeploymentRequest, remove_deployment, remove_endpoint
from tasks.workloads import declared_workload

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NEWEST = "20260101.9"


def named(*numbers: int) -> set[str]:
    return {deployment_name(f"20260101.{number}") for number in numbers}


class Fleet:
    """A tiny workload's endpoints at production, held, with deployments that no release flow made."""

    def __init__(self, site: Any, tiny: Tiny, held: HeldStage) -> None:
        self.workspace, self.held = site.production, held
        self.workload = declared_workload(tiny.name)
        self.target: Any = self.workload.stage("production").target
        self.platform = BatchEndpoints(self.workload, self.workspace, self.target)
        self.endpoints = [naming_of(self.workspace).endpoint(unit) for unit in tiny.units()]
        compute = Compute(name=self.target.compute, size=self.target.vm_size, max_instances=4)
        ensure_compute.fn(self.workspace, compute, "tests")
        folder = tiny.folder / "model"
        folder.mkdir()
        (folder / "model.txt").write_text(tiny.name)
        made = register_model(self.workspace, tiny.name, folder, {"data_asset": "D:1"})
        self.model = f"azureml:{made.name}:{made.version}"

    def make(self, number: int, previous: int | None, endpoints: Sequence[str] | None = None) -> str:
        """A deployment of release 20260101.NUMBER at all endpoints, which it makes where they are not there."""
        release = f"20260101.{number}"
        before = deployment_name(f"20260101.{previous}") if previous else None
        for endpoint in endpoints or self.endpoints:
            tags = deployment_tags(self.platform.workload.name, date(2026, 1, 1), release, NOW) | {
                PREVIOUS: before or NO_PREVIOUS
            }
            request = DeploymentRequest(
                endpoint,
                deployment_name(release),
                self.model,
                "sha256:0",
                tags,
                {"plant_id": "T", "release_id": release},
            )
            self.platform.deploy(request)
        return deployment_name(release)

    def serve(self, *numbers: int) -> None:
        """Releases come one after the other; the last one serves."""
        for before, number in zip((None, *numbers), numbers, strict=False):
            name = self.make(number, before)
            for endpoint in self.endpoints:
                self.platform.switch(self.held, endpoint, name)

    def there(self, endpoint: str) -> set[str]:
        return {one.name for one in deployments_of(self.workspace, endpoint)}

    def all_there(self) -> list[set[str]]:
        return [self.there(endpoint) for endpoint in self.endpoints]

    def clean(self, keep: int = 2) -> CleanupReport:
        @flow(task_runner=FAN_OUT)
        def cleaning_up() -> CleanupReport:
            return clean_stage(self.platform, self.held, self.endpoints, keep)

        return cleaning_up()

    def clean_up_failed(self, number: int, facts: Sequence[Fact] = ()) -> CleanupReport:
        @flow(task_runner=FAN_OUT)
        def cleaning_up_failed() -> CleanupReport:
            return clean_up_failed(facts, self.platform, f"20260101.{number}", "production", self.held, self.endpoints)

        return cleaning_up_failed()


@pytest.fixture
def fleet(site: Any, tiny: Tiny) -> Iterator[Fleet]:
    with stage_lease(site.ledger, tiny.name, "production", NEWEST) as held:
        yield Fleet(site, tiny, held)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another at once."""
    for task in (remove_deployment, remove_endpoint):
        monkeypatch.setattr(task, "retry_delay_seconds", [0.0] * 4)


def test_old_deployments_go_and_the_fact_says_which(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3, 4)
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(3, 4)] * 2
    assert {fleet.platform.serving(one) for one in fleet.endpoints} == named(4)
    assert (cleaned.endpoints, cleaned.serving, cleaned.for_rollback, cleaned.others) == (2, 2, 2, 0)
    body = cleaned.body("production")
    assert {endpoint: set(names) for endpoint, names in body.pop("removed").items()} == dict.fromkeys(
        fleet.endpoints, named(1, 2)
    )
    assert body == {"stage": "production", "removed_endpoints": [], "kept": 4, "missed": {}}
    assert Fact(workload="w", release="r", sequence=0, kind=Kind.CLEANED, at=NOW, body=body, previous=FIRST).digest


def test_an_endpoint_that_cannot_be_read_is_told_and_the_others_are_cleaned(fleet: Fleet, faults: OwnFaults) -> None:
    fleet.serve(1, 2, 3)
    faults.add("server_error", method="GET", path=f"{fleet.endpoints[0]}/deployments$", times=40, status=501)
    cleaned = fleet.clean()
    assert list(cleaned.missed) == [fleet.endpoints[0]]
    assert list(cleaned.removed) == [fleet.endpoints[1]]


@pytest.mark.usefixtures("no_waiting")
def test_an_answer_that_was_lost_loses_nothing(fleet: Fleet, faults: OwnFaults) -> None:
    fleet.serve(1, 2, 3)
    for endpoint in fleet.endpoints:
        faults.add("slow_operation", path=f"{endpoint}/deployments/", times=100, seconds=0.2)
        faults.add("lost_answer", method="DELETE", path=f"{endpoint}/deployments/")
    assert fleet.clean().missed == {}
    assert fleet.all_there() == [named(2, 3)] * 2


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.slow
def test_a_deployment_that_is_being_changed_is_left_for_the_next_time(fleet: Fleet, faults: OwnFaults) -> None:
    fleet.serve(1, 2, 3)
    faults.add("slow_operation", path=f"{fleet.endpoints[0]}/deployments/", seconds=600)
    client = fleet.workspace.get_client()
    deletion = client.batch_deployments.begin_delete(deployment_name("20260101.1"), fleet.endpoints[0])
    [(what, why)] = _only(fleet, fleet.endpoints[0]).missed.items()
    assert what == f"deployment-20260101-1 of {fleet.endpoints[0]}"
    assert "is being changed, so it was not removed" in why
    faults.clear()
    deletion.wait()  # else its thread would ask on, in the tests after this one


def _only(fleet: Fleet, endpoint: str) -> CleanupReport:
    fleet.endpoints = [endpoint]
    return fleet.clean()


def test_what_a_failed_release_made_goes_with_endpoints_that_it_made(fleet: Fleet) -> None:
    first, second = fleet.endpoints
    fleet.make(1, None, [first])
    fleet.platform.switch(fleet.held, first, deployment_name("20260101.1"))
    fleet.make(2, None)
    cleaned = fleet.clean_up_failed(2)
    assert fleet.all_there() == [named(1), set()]
    assert cleaned.removed_endpoints == (second,)
    assert (cleaned.removals, cleaned.endpoints, cleaned.serving, cleaned.missed) == (2, 1, 1, {})
    assert second not in [one.name for one in fleet.workspace.get_client().batch_endpoints.list()]
    assert fleet.clean_up_failed(2).removals == 0
