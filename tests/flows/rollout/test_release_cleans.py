"""A release that failed takes its own deployments away on Azure, where that is declared; the rules: test_kept_rules.py."""

from typing import Any

import pytest
import yaml
from prefect.states import State
from tiny import APPROVE, GOOD, Tiny, answering, endpoints_in

from flows.release import release
from tasks.targets.batch_endpoint.deployments import deployments_of

pytestmark = pytest.mark.usefixtures("site")


def run(tiny: Tiny) -> "State[str]":
    approver, _ = answering(APPROVE)
    with approver:
        return release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)


def there(site: Any, tiny: Tiny, stage: str) -> list[set[str]]:
    workspace = getattr(site, stage)
    endpoints = [endpoints_in(workspace).endpoint(unit) for unit in tiny.units()]
    return [{one.name for one in deployments_of(workspace, endpoint)} for endpoint in endpoints]


def delete_failed(tiny: Tiny) -> None:
    file = tiny.folder / "workload.yaml"
    document = yaml.safe_load(file.read_text())
    for stage in document["stages"][1:]:
        stage["target"]["failed_deployments"] = "delete"
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_a_first_release_that_fails_takes_its_endpoints_away_too(site: Any, tiny: Tiny) -> None:
    tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    delete_failed(tiny)
    assert run(tiny).name == "Failed"
    endpoints = {endpoints_in(site.test).endpoint(unit) for unit in tiny.units()}
    assert not endpoints & {one.name for one in site.test.get_client().batch_endpoints.list()}
