"""Scoring jobs of batch endpoints."""

from threading import Lock

from blocks.workspace import Workspace
from tasks.azure_errors import azure_errors

_ONE_INVOCATION = Lock()

PREDICTIONS = "predictions.csv"
"""The file a scoring job writes its rows to."""


def invoke(workspace: Workspace, endpoint: str, deployment: str | None, data: str) -> str:
    """Start a scoring job over a folder; returns the job's name. deployment: None for the default, as callers have it."""
    from azure.ai.ml import Input
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    # the SDK keeps the deployment's name in a header dictionary that all calls share, and that it never empties
    with _ONE_INVOCATION, azure_errors(f"invoking {deployment or 'the default'} of {endpoint}"):
        EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)
        job = workspace.get_client().batch_endpoints.invoke(
            endpoint_name=endpoint, deployment_name=deployment, input=Input(type="uri_folder", path=data)
        )
    return str(job.name)
