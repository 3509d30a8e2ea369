"""What the flows find on a laptop before the first of them runs. Import it once the laptop's settings are in force."""

from collections.abc import Callable
from pathlib import Path

from prefect.context import SyncClientContext

from deployments.approval.demo_approver import SigningApprover
from deployments.bootstrap import bootstrap
from deployments.environments.environment import load_environment
from deployments.laptop.data import seed_data
from deployments.laptop.ledger_keys import take_over_older
from deployments.laptop.resources import create_resources
from domain.declaration.workload import Workload
from domain.errors import Terminal
from tasks.workloads import declared_workload

ENVIRONMENT = "laptop"


def demo_approver(home: Path) -> SigningApprover:
    """The environment's approver for demos, enrolled with a key that is kept in home; Terminal where it names none."""
    name = load_environment(ENVIRONMENT).demo_approver
    if name is None:
        raise Terminal(f"environment {ENVIRONMENT} names no demo_approver, so nobody can prove an approval here")
    signer = SigningApprover(name, home / "approvers" / "demo_approver")
    signer.enrol()
    return signer


def prepare(home: Path, workload: str, report: Callable[[str], None]) -> Workload:
    """Register the blocks, create the workspaces, fetch and upload the data; what is there stays as it is.

    home: the laptop's. report: told what takes time.
    """
    environment = load_environment(ENVIRONMENT)
    with SyncClientContext.get_or_create():  # else each block makes a client, which reads every authority's certificate
        report(f"registered {len(bootstrap(ENVIRONMENT))} blocks")
        create_resources(environment)
        take_over_older(home, report)
        declared = declared_workload(workload)
        seed_data(declared, report)
        return declared
