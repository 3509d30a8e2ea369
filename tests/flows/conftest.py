"""A laptop with the plants' subscription on it, and a small real slice of their data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from served import Served
from tiny import Tiny, people

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.bootstrap import bootstrap
from deployments.demo_approver import SigningApprover
from deployments.environment import load_environment
from deployments.laptop import Laptop
from deployments.laptop_data import seed_data
from deployments.laptop_resources import create_resources
from domain.workload import Workload
from flows import declared
from flows.declared import declared_workload


@dataclass(frozen=True)
class Site:
    """The blocks of the laptop environment."""

    workload: Workload
    dev: Workspace
    test: Workspace
    production: Workspace
    registry: ModelRegistry
    ledger: Ledger


@pytest.fixture(scope="session")
def site(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Blocks registered, workspaces created, raw data and test data uploaded."""
    bootstrap("laptop")
    create_resources(load_environment("laptop"))
    workload = declared_workload("plants")
    seed_data(workload, lambda line: None)
    for name in ("ada", "grace"):
        people[name] = SigningApprover(name, tmp_path_factory.mktemp("keys") / name)
        people[name].enrol()
    yield Site(
        workload,
        loaded(Workspace, "dev"),
        loaded(Workspace, "test"),
        loaded(Workspace, "production"),
        loaded(ModelRegistry, "shared"),
        loaded(Ledger, "ledger"),
    )


@pytest.fixture
def tiny(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A workload of its own for each test, declared well and with its test data."""
    number = abs(hash(request.node.name)) % 100_000
    made = Tiny(f"tiny{number}", tmp_path / f"tiny{number}")
    monkeypatch.setattr(declared, "WORKLOADS", tmp_path)
    made.declare()
    made.give_test_data()
    return made


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workload of its own for each test, served over HTTP and declared well."""
    name = f"served{abs(hash(request.node.name)) % 100_000}"
    monkeypatch.setattr(declared, "WORKLOADS", tmp_path)
    made = Served(name, tmp_path / name, ("A1",))
    made.declare()
    return made
