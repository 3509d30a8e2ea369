"""A laptop with the plants' subscription on it, and a small real slice of their data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.bootstrap import bootstrap
from deployments.environment import load_environment
from deployments.laptop import Laptop
from deployments.laptop_resources import create_resources, seed_data
from domain.workload import Workload
from flows.declared import declared_workload

DATA_HOME = Path(__file__).parents[2] / ".signalbox"
"""Where set-up keeps the fetched wheel's data, so that it is fetched once."""

FIRST, SECOND = date(2014, 4, 30), date(2014, 9, 30)


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
def site(laptop: Laptop) -> Iterator[Site]:
    """Blocks registered, workspaces created, raw data and test data uploaded."""
    bootstrap("laptop")
    create_resources(load_environment("laptop"))
    workload = declared_workload("plants")
    seed_data(workload, DATA_HOME, lambda line: None)
    yield Site(
        workload,
        loaded(Workspace, "dev"),
        loaded(Workspace, "test"),
        loaded(Workspace, "production"),
        loaded(ModelRegistry, "shared"),
        loaded(Ledger, "ledger"),
    )
