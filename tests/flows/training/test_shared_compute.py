"""A training cluster that others use outlives the training that ends."""

import pytest
from azure.ai.ml import command
from azure.ai.ml.entities import AmlCompute, Environment
from azure.core.exceptions import ResourceNotFoundError
from prefect import flow

from blocks.workspace import Workspace
from domain.declaration.workload import Compute
from tasks.azure_ml.compute import delete_compute, ensure_compute


@flow
def training_ends(dev: Workspace, compute: str, workload: str) -> bool:
    """Whether the cluster is gone afterwards."""
    delete_compute(dev, compute, workload)
    try:
        dev.get_client().compute.get(compute)
    except ResourceNotFoundError:
        return True
    return False


@pytest.fixture
def cluster(site, unique: str) -> str:
    compute = Compute(name=f"shared-{unique}", size="Standard_DS3_v2", max_instances=1)
    return ensure_compute.fn(site.dev, compute, "pumps")


def test_a_cluster_that_another_workload_made_stays(site, cluster: str) -> None:
    assert not training_ends(site.dev, cluster, "fans")
    assert training_ends(site.dev, cluster, "pumps")
    assert training_ends(site.dev, cluster, "pumps")


def test_a_cluster_that_a_person_made_stays(site, unique: str) -> None:
    by_hand = AmlCompute(name=f"hand-{unique}", size="Standard_DS3_v2", max_instances=1)
    site.dev.get_client().compute.begin_create_or_update(by_hand).result()
    assert not training_ends(site.dev, by_hand.name, "pumps")


def test_a_cluster_on_which_another_job_runs_stays_until_it_has_ended(site, cluster: str) -> None:
    client = site.dev.get_client()
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
    job = client.jobs.create_or_update(
        command(command="sleep 600", environment=Environment(image=image), compute=cluster)
    )
    assert not training_ends(site.dev, cluster, "pumps")
    client.jobs.begin_cancel(job.name).result()
    assert training_ends(site.dev, cluster, "pumps")
