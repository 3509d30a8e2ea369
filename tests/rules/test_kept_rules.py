"""A release that serves takes old deployments away; one that failed takes its own away, where that is declared."""

import pytest
import yaml
from tiny import GOOD
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind, facts_of
from domain.naming import deployment_name

BAD = GOOD.replace("return", "raise ValueError('no such column')\n    return")


def there(twins: Twins, tiny: TinyTwin, stage: str) -> list[set[str]]:
    platform = twins.platform(tiny.name, stage)
    return [{one.name for one in platform.deployments(platform.endpoint(unit))} for unit in tiny.units()]


def delete_failed(tiny: TinyTwin) -> None:
    file = tiny.folder / "workload.yaml"
    document = yaml.safe_load(file.read_text())
    for stage in document["stages"][1:]:
        stage["target"]["failed_deployments"] = "delete"
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_after_three_releases_the_last_and_the_one_before_are_there(
    twins: Twins, tiny: TinyTwin, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    newest, previous, oldest = twins.names(tiny)
    for stage in ("test", "production"):
        assert there(twins, tiny, stage) == [{deployment_name(newest), deployment_name(previous)}] * 2
    facts = facts_of(twins.facts(tiny), Kind.CLEANED)
    assert [fact.stage for fact in facts] == ["test", "production"]
    for fact in facts:
        assert set(map(tuple, fact.body["removed"].values())) == {(deployment_name(oldest),)}
        assert (fact.body["kept"], fact.body["missed"]) == (4, {})
    assert "Still there: 4 deployments on 2 endpoints (2 serve, 2 kept for rollback, 2 removed)" in caplog.text


def test_a_release_that_fails_leaves_nothing_where_that_is_declared(twins: Twins, tiny: TinyTwin) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    before = there(twins, tiny, "test")
    tiny.declare(score=BAD)
    delete_failed(tiny)
    assert twins.release(tiny, tiny.candidates()).name == "Failed"
    assert there(twins, tiny, "test") == before
    [fact] = facts_of(twins.facts(tiny), Kind.DISCARDED)
    assert (len(fact.body["removed"]), fact.body["removed_endpoints"]) == (2, [])


def test_a_first_release_that_fails_takes_its_endpoints_away_too(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(score=BAD)
    delete_failed(tiny)
    assert twins.release(tiny, tiny.candidates()).name == "Failed"
    assert twins.places["test"].endpoints == {}


def test_a_release_that_fails_leaves_its_deployments_to_look_at_otherwise(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(score=BAD)
    assert twins.release(tiny, tiny.candidates()).name == "Failed"
    assert there(twins, tiny, "test") == [{deployment_name(twins.names(tiny)[0])}] * 2
