"""What a subscription holds before Signalbox comes: workspaces, a registry, and the plants' data. For the laptop only.

On Azure these are provisioned, and data arrives by itself. The requests are Azure's own, so this would work there, too.
"""

import tempfile
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest

from blocks.azure_credential import AzureCredential
from blocks.loading import loaded
from blocks.workspace import Workspace
from deployments.environment import Environment
from domain.workload import Workload
from tasks.azure_errors import azure_errors
from tasks.storage import list_files, upload_file
from workloads.plants.data import cut_test_input, fetch

ARM = "https://management.azure.com"
PROVIDER = "providers/Microsoft.MachineLearningServices"
API_VERSION = "2024-10-01"
DATA = Path(__file__).parents[1] / ".signalbox" / "data" / "plants"
"""Where `make setup` fetched the readings to; once for every laptop of this checkout."""

TEST_UNTIL = date(2014, 6, 30)
"""Last day of the week that smoke tests score."""

Report = Callable[[str], None]


def create_resources(environment: Environment) -> None:
    """Resource groups, workspaces and registries of the environment; what is there stays as it is."""
    credential = loaded(AzureCredential, "azure").get_client()
    policies: list[Any] = [RetryPolicy(), BearerTokenCredentialPolicy(credential, f"{ARM}/.default")]
    client: PipelineClient[Any, Any] = PipelineClient(ARM, policies=policies)
    with client, azure_errors("creating the laptop's resources"):
        for workspace in environment.workspaces.values():
            group = f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
            _put(client, group, workspace.location)
            _put(client, f"{group}/{PROVIDER}/workspaces/{workspace.workspace_name}", workspace.location)
        first = next(iter(environment.workspaces.values()))
        group = f"/subscriptions/{first.subscription_id}/resourceGroups/{first.resource_group}"
        for registry in environment.registries.values():
            _put(client, f"{group}/{PROVIDER}/registries/{registry.registry_name}", first.location)


def _put(client: PipelineClient[Any, Any], path: str, location: str) -> None:
    address = f"{path}?api-version={API_VERSION}"
    if client.send_request(HttpRequest("GET", client.format_url(address))).status_code == 200:
        return
    body = {"location": location, "properties": {}}
    client.send_request(HttpRequest("PUT", client.format_url(address), json=body)).raise_for_status()


def seed_data(workload: Workload, report: Report) -> None:
    """Fetch the plants' readings and put them where raw data and test data are expected, unless they are there."""
    scada = fetch(DATA, report)
    dev = loaded(Workspace, "dev")
    for plant in {unit.plant for unit in workload.units}:
        folder = workload.data.raw.format(plant=plant)
        if not list_files.fn(dev, folder):
            report(f"uploading {scada.name} to {dev.workspace_name}")
            upload_file.fn(dev, scada, f"{folder}{scada.name}")
    for stage in workload.stages:
        if stage.target.kind != "batch_endpoint":
            continue
        workspace = loaded(Workspace, stage.target.workspace)
        with tempfile.TemporaryDirectory() as place:
            after = (stage.confirmation.smoke, stage.confirmation.replay) if stage.confirmation else ()
            for input, unit in product((stage.verification, stage.replay, *after), workload.units):
                if input is not None and not list_files.fn(workspace, input.data_for(unit)):
                    file = cut_test_input(scada, unit.plant, unit.circuit, TEST_UNTIL, Path(place))
                    upload_file.fn(workspace, file, f"{input.data_for(unit)}{file.name}")
