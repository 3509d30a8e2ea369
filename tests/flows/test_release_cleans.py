"""A release that serves takes old deployments away; one that failed takes its own away, where that is declared."""

from typing import Any

import pytest
import yaml
from prefect.states import State
from tiny import APPROVE, GOOD, Tiny, answering

from domain.fact import Kind, facts_of
from domain.naming import deployment_name
from flows.release import release
from tasks.batch_deployments import deployments_of
from tasks.batch_endpoints import naming_of
from tasks.ledger import read_facts, release_names

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny) -> "State[str]":
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, tiny.candidates().to_json(), "linus", return_state=True)


def there(site: Any, tiny: Tiny, stage: str) -> list[set[str]]:
    workspace = getattr(site, stage)
    endpoints = [naming_of(workspace).endpoint(unit) for unit in tiny.units()]
    return [{one.name for one in deployments_of(workspace, endpoint)} for endpoint in endpoints]


def delete_failed(tiny: Tiny) -> None:
    file = tiny.folder / "workload.yaml"
    document = yaml.safe_load(file.read_text())
    for stage in document["stages"][1:]:
        stage["target"]["failed_deployments"] = "delete"
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_after_three_releases_the_last_and_the_one_before_are_there(
    site: Any, tiny: Tiny, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert run(tiny).name == "Succeeded"
    newest, previous, oldest = release_names(site.ledger, tiny.name)
    for stage in ("test", "production"):
        assert there(site, tiny, stage) == [{deployment_name(newest), deployment_name(previous)}] * 2
    facts = facts_of(read_facts(site.ledger, tiny.name, newest), Kind.CLEANED)
    assert [fact.stage for fact in facts] == ["test", "production"]
    for fact in facts:
        assert set(map(tuple, fact.body["removed"].values())) == {(deployment_name(oldest),)}
        assert (fact.body["kept"], fact.body["missed"]) == (4, {})
    assert "Still there: 4 deployments on 2 endpoints (2 serve, 2 kept for rollback, 2 removed)" in caplog.text


def test_a_release_that_fails_leaves_nothing_where_that_is_declared(site: Any, tiny: Tiny) -> None:
    assert run(tiny).name == "Succeeded"
    before = there(site, tiny, "test")
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    delete_failed(tiny)
    assert run(tiny).name == "Failed"
    assert there(site, tiny, "test") == before
    [fact] = facts_of(read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0]), Kind.DISCARDED)
    assert (len(fact.body["removed"]), fact.body["removed_endpoints"]) == (2, [])


def test_a_first_release_that_fails_takes_its_endpoints_away_too(site: Any, tiny: Tiny) -> None:
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    delete_failed(tiny)
    assert run(tiny).name == "Failed"
    endpoints = {naming_of(site.test).endpoint(unit) for unit in tiny.units()}
    assert not endpoints & {one.name for one in site.test.get_client().batch_endpoints.list()}


def test_a_release_that_fails_leaves_its_deployments_to_look_at_otherwise(site: Any, tiny: Tiny) -> None:
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    assert run(tiny).name == "Failed"
    assert there(site, tiny, "test") == [{deployment_name(release_names(site.ledger, tiny.name)[0])}] * 2
