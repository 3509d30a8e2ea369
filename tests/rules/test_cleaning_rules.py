"""Old deployments go and nothing else does, whatever happens meanwhile. (On Azure's emulator: tests/flows/rollout/test_cleaning.py.)"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from prefect import flow
from twins import TinyTwin, Twins

from domain.errors import StageLost, Terminal
from domain.ledger.fact import FIRST, Fact, Kind
from domain.naming import deployment_name
from domain.rollout.cleanup_report import CleanupReport
from domain.rollout.deployment_history import FENCE
from domain.tags import NO_PREVIOUS, PREVIOUS, deployment_tags
from flows.rollout import cleanup
from flows.rollout.cleanup import clean_stage, clean_up_failed
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.targets.platform import DeploymentRequest

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NEWEST = "20260101.9"


def named(*numbers: int) -> set[str]:
    return {deployment_name(f"20260101.{number}") for number in numbers}


class Fleet:
    """A tiny workload's endpoints at production, held, with deployments that no release flow made."""

    def __init__(self, twins: Twins, tiny: TinyTwin, held: HeldStage) -> None:
        self.held, self.at = held, twins.places["production"]
        self.platform = twins.platform(tiny.name, "production")
        self.endpoints = [self.platform.endpoint(unit) for unit in tiny.units()]
        twins.models.registry[tiny.name, "1"] = "a model"
        self.model = f"azureml://registries/mlr-shared/models/{tiny.name}/versions/1"

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
        return {one.name for one in self.platform.deployments(endpoint)}

    def all_there(self) -> list[set[str]]:
        return [self.there(endpoint) for endpoint in self.endpoints]

    def clean(self, keep: int = 2) -> CleanupReport:
        @flow
        def cleaning_up() -> CleanupReport:
            return clean_stage(self.platform, self.held, self.endpoints, keep)

        return cleaning_up()

    def clean_up_failed(self, number: int, facts: Sequence[Fact] = ()) -> CleanupReport:
        @flow
        def cleaning_up_failed() -> CleanupReport:
            return clean_up_failed(facts, self.platform, f"20260101.{number}", "production", self.held, self.endpoints)

        return cleaning_up_failed()


@pytest.fixture
def fleet(twins: Twins, tiny: TinyTwin) -> Iterator[Fleet]:
    with stage_lease(twins.ledger, tiny.name, "production", NEWEST) as held:
        yield Fleet(twins, tiny, held)


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


def test_once_clean_nothing_more_goes(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    assert fleet.clean().removals == 2
    again = fleet.clean()
    assert (again.removals, again.there) == (0, 4)


def test_more_can_be_kept(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3, 4)
    assert fleet.clean(keep=3).for_rollback == 4
    assert fleet.all_there() == [named(2, 3, 4)] * 2


def test_what_waits_for_people_and_what_was_made_by_hand_stays(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    fleet.make(4, 3)
    fleet.platform.by_hand(fleet.endpoints[0], deployment_name("20260101.1"), tags={})
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(1, 2, 3, 4), named(2, 3, 4)]
    assert (cleaned.serving, cleaned.for_rollback, cleaned.others) == (2, 2, 3)


def test_endpoints_that_are_not_there_are_nothing_to_clean(fleet: Fleet) -> None:
    assert fleet.clean() == CleanupReport()


def test_what_azure_does_not_remove_is_told_and_goes_the_next_time(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    fleet.at.troubles.add("refused", "remove", fleet.endpoints[0], reason="injected fault")
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(1, 2, 3), named(2, 3)]
    [(what, why)] = cleaned.missed.items()
    assert what == f"deployment-20260101-1 of {fleet.endpoints[0]}"
    assert "injected fault" in why
    assert (cleaned.there, cleaned.others, cleaned.removals) == (5, 1, 1)
    assert fleet.clean().removals == 1
    assert fleet.all_there() == [named(2, 3)] * 2


def test_an_endpoint_that_cannot_be_read_is_told_and_the_others_are_cleaned(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    fleet.at.troubles.add("refused", "deployments", fleet.endpoints[0])
    cleaned = fleet.clean()
    assert list(cleaned.missed) == [fleet.endpoints[0]]
    assert list(cleaned.removed) == [fleet.endpoints[1]]


@pytest.mark.parametrize("what", ["lost answer", "unreachable", "silent no-op"])
def test_what_passes_by_itself_is_tried_again_and_loses_nothing(fleet: Fleet, what: Any) -> None:
    fleet.serve(1, 2, 3)
    fleet.at.troubles.add(what, "remove", times=2)
    assert fleet.clean().missed == {}
    assert fleet.all_there() == [named(2, 3)] * 2


def test_what_serves_by_now_is_not_removed_whatever_was_planned(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    for name in (deployment_name("20260101.3"), "Deployment-20260101-3"):
        with pytest.raises(Terminal, match="serves, so it is not removed; switch to another one first"):
            fleet.platform.remove(fleet.held, fleet.endpoints[0], name)
    assert fleet.all_there() == [named(1, 2, 3)] * 2


def test_a_rollback_between_plan_and_removal_keeps_what_serves_then(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.serve(1, 2, 3)
    read = cleanup.inventories

    def read_and_switched(platform: Any, endpoints: Any) -> Any:
        found = read(platform, endpoints)
        platform.switch(fleet.held, fleet.endpoints[0], deployment_name("20260101.1"))
        return found

    monkeypatch.setattr(cleanup, "inventories", read_and_switched)
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(1, 2, 3), named(2, 3)]
    assert "serves, so it is not removed" in next(iter(cleaned.missed.values()))


def test_a_stage_that_was_lost_is_not_cleaned_and_that_is_no_failure(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.serve(1, 2, 3)

    def lost() -> None:
        raise StageLost("stage production was taken by another run")

    monkeypatch.setattr(fleet.held, "check", lost)
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(1, 2, 3)] * 2
    assert set(cleaned.missed.values()) == {"stage production was taken by another run"}


def test_an_endpoint_switched_by_a_later_holder_is_not_cleaned(fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    fleet.at.endpoints[fleet.endpoints[0]].tags[FENCE] = str(2**40)
    cleaned = fleet.clean()
    assert fleet.all_there() == [named(1, 2, 3), named(2, 3)]
    assert "switched by a later holder" in next(iter(cleaned.missed.values()))


def test_a_fault_of_our_own_fails_no_release(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.serve(1, 2, 3)

    def broken() -> None:
        raise KeyError("lease")

    monkeypatch.setattr(fleet.held, "check", broken)
    assert set(fleet.clean().missed.values()) == {"KeyError: 'lease'"}


def test_one_clean_up_ends_and_the_next_goes_on(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.serve(1, 2, 3, 4)
    monkeypatch.setattr(cleanup, "MOST_REMOVED", 3)
    cleaned = fleet.clean()
    assert (cleaned.removals, cleaned.missed) == (3, {"1 more": "one clean-up removes 3"})
    assert fleet.clean().removals == 1


def test_killed_half_way_the_next_run_goes_on(twins: Twins, fleet: Fleet) -> None:
    fleet.serve(1, 2, 3)
    fleet.at.troubles.add("dies after", "remove")
    with twins.power.failing():
        fleet.clean()
    assert sorted(map(len, fleet.all_there())) == [2, 3]
    assert fleet.clean().removals == 1
    assert fleet.all_there() == [named(2, 3)] * 2


def test_what_a_failed_release_made_goes_with_endpoints_that_it_made(fleet: Fleet) -> None:
    first, second = fleet.endpoints
    fleet.make(1, None, [first])
    fleet.platform.switch(fleet.held, first, deployment_name("20260101.1"))
    fleet.make(2, None)
    cleaned = fleet.clean_up_failed(2)
    assert fleet.all_there() == [named(1), set()]
    assert cleaned.removed_endpoints == (second,)
    assert (cleaned.removals, cleaned.endpoints, cleaned.serving, cleaned.missed) == (2, 1, 1, {})
    assert second not in fleet.at.endpoints
    assert fleet.clean_up_failed(2).removals == 0


def test_an_endpoint_that_another_release_made_stays_though_it_is_empty(fleet: Fleet) -> None:
    fleet.make(1, None)
    fleet.make(2, None)
    assert fleet.clean_up_failed(1).removed_endpoints == ()
    cleaned = fleet.clean_up_failed(2)
    assert (cleaned.removals, cleaned.removed_endpoints, fleet.all_there()) == (2, (), [set(), set()])
    assert fleet.at.endpoints.keys() == set(fleet.endpoints)


def test_what_serves_is_never_discarded(fleet: Fleet) -> None:
    fleet.serve(1)
    assert fleet.clean_up_failed(1).removals == 0
    assert fleet.all_there() == [named(1)] * 2
    assert not fleet.platform.remove_endpoint(fleet.held, fleet.endpoints[0], "20260101.1")


def test_an_endpoint_is_not_removed_from_under_a_deployment(fleet: Fleet) -> None:
    fleet.make(1, None)
    assert not fleet.platform.remove_endpoint(fleet.held, fleet.endpoints[0], "20260101.1")
    assert fleet.all_there() == [named(1)] * 2


def test_an_endpoint_whose_deployment_stays_stays(fleet: Fleet) -> None:
    fleet.make(1, None)
    fleet.at.troubles.add("refused", "remove", fleet.endpoints[0], reason="injected fault")
    cleaned = fleet.clean_up_failed(1)
    assert cleaned.removed_endpoints == (fleet.endpoints[1],)
    assert (cleaned.endpoints, cleaned.others, len(cleaned.missed)) == (1, 1, 1)


def test_where_a_switch_was_begun_nothing_is_discarded(fleet: Fleet) -> None:
    fleet.make(1, None)
    begun = fact(Kind.JOURNAL, {"stage": "production", "after": {fleet.endpoints[0]: deployment_name("20260101.1")}})
    elsewhere = fact(Kind.JOURNAL, {"stage": "test", "after": {fleet.endpoints[1]: deployment_name("20260101.1")}})
    assert fleet.clean_up_failed(1, [begun, elsewhere]).removed_endpoints == (fleet.endpoints[1],)
    assert fleet.all_there() == [named(1), set()]


def test_what_was_made_by_hand_under_our_name_is_not_discarded(fleet: Fleet) -> None:
    fleet.make(1, None, fleet.endpoints[:1])
    fleet.platform.by_hand(fleet.endpoints[0], deployment_name("20260101.1"), tags={"owner": "somebody"})
    assert fleet.clean_up_failed(1).removals == 0
    assert fleet.there(fleet.endpoints[0]) == named(1)


def fact(kind: Kind, body: dict[str, Any]) -> Fact:
    return Fact(workload="w", release="20260101.1", sequence=0, kind=kind, at=NOW, body=body, previous=FIRST)


def test_removing_what_is_gone_is_what_was_wanted(fleet: Fleet) -> None:
    fleet.make(1, None, fleet.endpoints[:1])
    fleet.platform.remove(fleet.held, fleet.endpoints[0], "deployment-20260101-7")
    fleet.platform.remove(fleet.held, fleet.endpoints[1], "deployment-20260101-7")
    assert fleet.platform.remove_endpoint(fleet.held, fleet.endpoints[1], "20260101.7")
