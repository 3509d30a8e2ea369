"""A laptop with the plants' subscription on it, and a small real slice of their data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from served import Served
from shared_laptop import once
from tiny import Tiny, people

from benchmarks.pretended_training import pretend_training
from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.approval.demo_approver import SigningApprover
from deployments.laptop.data import seed_data
from domain.declaration.workload import Workload
from tasks import workloads
from tasks.workloads import declared_workload


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
def site(environment: str, run_folder: Path) -> Site:
    """Blocks registered, workspaces created, raw data and test data uploaded, approvers enrolled: once a run."""
    workload = declared_workload("plants")
    people.update({name: SigningApprover(name, run_folder / "keys" / name) for name in ("ada", "grace")})
    with once(run_folder, "site") as first:
        if first:
            seed_data(workload, lambda line: None)
            pretend_training(loaded(Workspace, "dev"))
            for person in people.values():
                person.enrol()
    return Site(
        workload,
        loaded(Workspace, "dev"),
        loaded(Workspace, "test"),
        loaded(Workspace, "production"),
        loaded(ModelRegistry, "shared"),
        loaded(Ledger, "ledger"),
    )


@pytest.fixture
def tiny(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A workload of its own for each test, declared well and with its test data."""
    made = Tiny(f"tiny{unique}", tmp_path / f"tiny{unique}")
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made.declare()
    made.give_test_data()
    return made


@pytest.fixture
def own_person(site: Site, tiny: Tiny) -> Iterator[str]:
    """An approver of this test's workload whose credentials this test may change: nobody else's gates know the person."""
    name, group = f"heidi-{tiny.name}", f"{tiny.name}-engineers"
    others = loaded(Approvers, tiny.approvers)
    Approvers(members=[*others.members, name], enrolments=others.enrolments, poll_seconds=others.poll_seconds).save(
        group
    )
    people[name] = SigningApprover(name, tiny.folder / "keys" / name)
    people[name].enrol()
    tiny.approvers = group
    tiny.declare()
    yield name
    del people[name]


@pytest.fixture
def served(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workload of its own for each test, served over HTTP and declared well."""
    name = f"served{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made = Served(name, tmp_path / name, ("A1",))
    made.declare()
    return made
