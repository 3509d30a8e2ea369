"""Azure ML compute clusters: present when work starts, gone when it ends."""

from prefect import task

from blocks.workspace import Workspace
from domain.workload import Compute
from tasks.azure_errors import azure_errors
from tasks.retries import RETRIED


@task(name="ensure compute", **RETRIED)
def ensure_compute(workspace: Workspace, compute: Compute) -> str:
    """Create the cluster unless it is there; returns its name. (Seed 001, extract-prepare, first step.)"""
    from azure.ai.ml.entities import AmlCompute

    client = workspace.get_client()
    with azure_errors(f"creating compute {compute.name} in {workspace.workspace_name}"):
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return str(client.compute.get(compute.name).name)
        except ResourceNotFoundError:
            cluster = AmlCompute(
                name=compute.name,
                size=compute.size,
                min_instances=0,
                max_instances=compute.max_instances,
                idle_time_before_scale_down=compute.idle_seconds,
            )
            return str(client.compute.begin_create_or_update(cluster).result().name)


@task(name="delete compute", **RETRIED)
def delete_compute(workspace: Workspace, name: str) -> None:
    """Delete the cluster; one that is gone already is what we wanted. (Seed 001, train-evaluate-register, last step.)"""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"deleting compute {name} in {workspace.workspace_name}"):
        try:
            workspace.get_client().compute.begin_delete(name).result()
        except ResourceNotFoundError:
            return
