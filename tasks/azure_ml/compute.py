"""Azure ML compute clusters: present when work starts; gone when it ends, where nobody else needs them."""

from itertools import islice
from typing import TYPE_CHECKING

from prefect import get_run_logger, task

from blocks.workspace import Workspace
from domain.declaration.workload import Compute
from domain.tags import WORKLOAD
from tasks.azure_errors import azure_errors
from tasks.azure_ml.pipelines import ENDED
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

JOBS_LOOKED_AT = 200
"""The newest first; a job that has not ended is among them."""


@task(name="ensure compute", **RETRIED)
def ensure_compute(workspace: Workspace, compute: Compute, workload: str) -> str:
    """Create the cluster unless it is there; returns its name. workload: whose tag it gets. (Seed 001, extract-prepare.)"""
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
                tags={WORKLOAD: workload},
            )
            return str(client.compute.begin_create_or_update(cluster).result().name)


@task(name="delete compute", **RETRIED)
def delete_compute(workspace: Workspace, name: str, workload: str) -> None:
    """Delete the cluster if this workload made it and no job is on it; one that is gone already is what we wanted.

    What stays idles at zero nodes, which costs nothing. (Seed 001, train-evaluate-register, last step.)
    """
    from azure.core.exceptions import ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"deleting compute {name} in {workspace.workspace_name}"):
        try:
            maker = (client.compute.get(name).tags or {}).get(WORKLOAD)
            if maker != workload:
                whose = f"workload {maker} made it" if maker else "no workload made it"
                get_run_logger().info("compute %s stays, with no nodes once idle: %s", name, whose)
            elif busy := _job_on(client, name):
                get_run_logger().info("compute %s stays, with no nodes once idle: job %s needs it", name, busy)
            else:
                client.compute.begin_delete(name).result()
        except ResourceNotFoundError:
            return


def _job_on(client: "MLClient", compute: str) -> str | None:
    """A job that has not ended and runs there, or will; None where none of the newest does."""
    for job in islice(client.jobs.list(), JOBS_LOOKED_AT):
        settings = getattr(job, "settings", None)
        wanted = {str(getattr(job, "compute", None)), str(getattr(settings, "default_compute", None))}
        if job.status not in ENDED and any(one.rpartition("/")[2] == compute for one in wanted):
            return str(job.name)
    return None
