"""Looks at everything that the seed's troubleshooting looks at, where batch endpoints serve, and changes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from blocks.workspace import Workspace
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Workload
from domain.parsing.log_errors import errors_of_log
from domain.rollout.diagnosis import Finding, compute_finding, job_finding, sample_finding, serving_finding
from domain.verification.smoke import SmokeTest
from tasks.azure_errors import azure_errors
from tasks.azure_ml.datastore_files import list_files
from tasks.azure_ml.pipelines import logs_of
from tasks.targets.platform import Platform

LINES_SHOWN = 3


def diagnose_batch(
    platform: Platform,
    workspace: Workspace,
    target: BatchEndpointTarget,
    workload: Workload,
    stage: Stage,
    expected: Mapping[str, str],
) -> Iterator[Finding]:
    """Compute, test data, endpoints and the last scoring jobs of a stage. expected: endpoint → deployment, by the ledger."""
    yield _compute(workspace, target)
    for unit in workload.units:
        if isinstance(stage.verification, SmokeTest):
            data = stage.verification.data_for(unit)
            yield sample_finding(str(unit), data, len(list_files(workspace, data)))
        endpoint = platform.endpoint(unit)
        serving = platform.serving(endpoint)
        deployment = platform.find(endpoint, serving) if serving else None
        yield serving_finding(endpoint, serving, deployment.state if deployment else "absent", expected.get(endpoint))
        if stage.verification is not None and serving is not None:
            yield from _last_job(workspace, endpoint)


def _compute(workspace: Workspace, target: BatchEndpointTarget) -> Finding:
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading compute {target.compute}"):
        try:
            cluster: Any = workspace.get_client().compute.get(target.compute)
        except ResourceNotFoundError:
            return compute_finding(workspace.workspace_name, target.compute, False, 0, target.instance_count)
    return compute_finding(
        workspace.workspace_name, target.compute, True, int(cluster.max_instances or 0), target.instance_count
    )


def _last_job(workspace: Workspace, endpoint: str) -> Iterator[Finding]:
    client = workspace.get_client()
    with azure_errors(f"listing the scoring jobs of {endpoint}"):
        jobs = list(client.batch_endpoints.list_jobs(endpoint))
        if not jobs:
            return
        job = client.jobs.get(jobs[-1].name)
        status = str(getattr(job.status, "value", job.status))
        lines: list[str] = []
        if status == "Failed":
            for child in client.jobs.list(parent_job_name=job.name):
                text = "\n".join(logs_of(client, child.name).values())
                lines += errors_of_log(text) or text.splitlines()[-LINES_SHOWN:]
    yield job_finding(str(job.name), status, lines[:LINES_SHOWN])
