"""What prefect.yaml says about flows and events is what the code says."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

from flows.extract_prepare import DATA_REGISTERED, SOURCE_PUSHED
from flows.train_register import MODELS_REGISTERED

DEPLOYMENTS: dict[str, dict[str, Any]] = {
    deployment["name"]: deployment
    for deployment in yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())["deployments"]
}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_entry_point_is_a_flow_of_a_module_that_takes_the_parameters(name: str) -> None:
    module, _, function = DEPLOYMENTS[name]["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), function)
    assert isinstance(flow, Flow)
    assert flow.name == name
    taken = inspect.signature(flow.fn).parameters.keys()
    assert DEPLOYMENTS[name].get("parameters", {}).keys() <= taken
    for trigger in DEPLOYMENTS[name].get("triggers", []):
        assert trigger["parameters"].keys() <= taken


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("extract-prepare", SOURCE_PUSHED),
        ("train-register", DATA_REGISTERED),
        ("release", MODELS_REGISTERED),
        ("deploy-version", SOURCE_PUSHED),
    ],
)
def test_a_deployment_starts_on_the_event_that_the_flow_before_or_a_push_emits(name: str, event: str) -> None:
    assert [trigger["expect"] for trigger in DEPLOYMENTS[name]["triggers"]] == [[event]]


def test_releases_wait_for_one_another() -> None:
    assert DEPLOYMENTS["release"]["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_nothing_expires_twice_at_once() -> None:
    assert DEPLOYMENTS["expire"]["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
