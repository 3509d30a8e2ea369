"""Batch endpoints: one a circuit, a deployment a release, and the default that serves."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from prefect import task

from blocks.workspace import Workspace
from domain.errors import StageLost, Terminal
from domain.kept import is_ours
from domain.stage import BatchEndpointTarget
from domain.tags import NO_PREVIOUS, PREVIOUS
from domain.workload import Workload
from tasks.azure_errors import azure_errors
from tasks.lease import HeldStage
from tasks.retries import RETRIED

_ONE_INVOCATION = Lock()

PREDICTIONS = "predictions.csv"
"""The file a scoring job writes its rows to."""
FENCE_TAG = "switch_fence"
"""An endpoint's tag: the fencing number of whoever switched it last."""
READERS = 16
"""Endpoints that are read at once."""


@dataclass(frozen=True)
class Deployment:
    """A model version deployed to an endpoint. state: Azure's provisioning state, `Succeeded` when it is ready.

    environment: its id; empty where Azure names none.
    """

    endpoint: str
    name: str
    model: str
    state: str
    tags: Mapping[str, str]
    environment: str = ""


@dataclass(frozen=True)
class DeploymentRequest:
    """What to deploy where. model: `azureml://registries/…`; digest: what the scoring code must find in the files.

    tags: of the deployment; `previous_deployment` is added.
    """

    endpoint: str
    name: str
    model: str
    digest: str
    tags: Mapping[str, str]
    endpoint_tags: Mapping[str, str]


def serving_deployment(workspace: Workspace, endpoint: str) -> str | None:
    """The endpoint's default deployment as Azure reads it now; None where there is no endpoint or no default."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading endpoint {endpoint}"):
        try:
            found = workspace.get_client().batch_endpoints.get(endpoint)
        except ResourceNotFoundError:
            return None
        return found.defaults.deployment_name if found.defaults else None


def find_deployment(workspace: Workspace, endpoint: str, name: str) -> Deployment | None:
    """The deployment, or None where it does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading deployment {name} of {endpoint}"):
        try:
            found: Any = workspace.get_client().batch_deployments.get(name, endpoint)
        except ResourceNotFoundError:
            return None
    return frozen(endpoint, found)


def frozen(endpoint: str, found: Any) -> Deployment:
    """The SDK's deployment as a value."""
    model = found.model if isinstance(found.model, str) else getattr(found.model, "id", "")
    environment = found.environment if isinstance(found.environment, str) else getattr(found.environment, "id", "")
    return Deployment(
        endpoint, found.name, model or "", found.provisioning_state or "", dict(found.tags or {}), environment or ""
    )


@task(name="deploy", **RETRIED)
def deploy(
    workspace: Workspace, target: BatchEndpointTarget, workload: Workload, request: DeploymentRequest
) -> Deployment:
    """Create endpoint and deployment unless they are there; the default is not touched. (Seed 002, stages 2 and 3.)"""
    serving = _ensure_endpoint(workspace, request)
    found = find_deployment(workspace, request.endpoint, request.name)
    if found is not None and found.state == "Succeeded":
        if found.model.split("/registries/")[-1] != request.model.split("/registries/")[-1]:
            raise Terminal(
                f"deployment {request.name} of {request.endpoint} serves {found.model}, not {request.model}: it was made by "
                "something else. Delete it, or make a new release."
            )
        return found
    with azure_errors(f"creating deployment {request.name} of {request.endpoint}"):
        # the SDK would parse the same script for every circuit, and Python 3.11 up to 3.11.7 cannot in many threads at once
        made = _deployment(target, workload, request, serving if serving != request.name else None)
        workspace.get_client().batch_deployments.begin_create_or_update(made, skip_script_validation=True).result()
    created = find_deployment(workspace, request.endpoint, request.name)
    if created is None or created.state != "Succeeded":
        raise Terminal(
            f"deployment {request.name} of {request.endpoint} is {created.state if created else 'absent'} after it was created. "
            f"Check compute {target.compute} and the model in the registry: `signalbox doctor`."
        )
    return created


def _ensure_endpoint(workspace: Workspace, request: DeploymentRequest) -> str | None:
    """What the endpoint serves."""
    from azure.ai.ml.entities import BatchEndpoint
    from azure.core.exceptions import ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"creating endpoint {request.endpoint}"):
        try:
            found = client.batch_endpoints.get(request.endpoint)
        except ResourceNotFoundError:
            endpoint = BatchEndpoint(name=request.endpoint, tags=dict(request.endpoint_tags))
            client.batch_endpoints.begin_create_or_update(endpoint).result()
            return None
        return found.defaults.deployment_name if found.defaults else None


def _deployment(
    target: BatchEndpointTarget, workload: Workload, request: DeploymentRequest, previous: str | None
) -> Any:
    from azure.ai.ml.constants import BatchDeploymentOutputAction
    from azure.ai.ml.entities import (
        BatchRetrySettings,
        CodeConfiguration,
        Environment,
        ModelBatchDeployment,
        ModelBatchDeploymentSettings,
    )

    return ModelBatchDeployment(
        name=request.name,
        endpoint_name=request.endpoint,
        model=request.model,
        code_configuration=CodeConfiguration(code=str(workload.scoring_folder), scoring_script=workload.scoring.script),
        environment=Environment(image=workload.scoring.environment.image, conda_file=str(workload.conda_file)),
        compute=target.compute,
        tags={PREVIOUS: previous or NO_PREVIOUS, **request.tags},
        settings=ModelBatchDeploymentSettings(
            instance_count=target.instance_count,
            max_concurrency_per_instance=target.max_concurrency_per_instance,
            mini_batch_size=target.mini_batch_size,
            output_action=BatchDeploymentOutputAction.APPEND_ROW,
            output_file_name=PREDICTIONS,
            retry_settings=BatchRetrySettings(max_retries=1, timeout=target.retry_timeout_seconds),
            error_threshold=target.error_threshold,
            logging_level="info",
            environment_variables={"MODEL_DIGEST": request.digest},
        ),
    )


@task(name="invoke endpoint", **RETRIED)
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


@task(name="switch", **RETRIED)
def switch(workspace: Workspace, held: HeldStage, endpoint: str, deployment: str | None) -> None:
    """Make a deployment the default. Azure may accept that and not do it: whoever switches a fleet reads it back, all of it.

    deployment: None where nothing served before: then the endpoint goes, if nothing else was deployed to it. Raises
    StageLost where somebody else holds the stage by now: Azure has no conditional update of an endpoint, so a holder that
    wakes up late is known by the lease and by the fence that whoever came after it left in the endpoint's tags.
    """
    client = workspace.get_client()
    with azure_errors(f"switching {endpoint} to {deployment or 'nothing'}"):
        found = _endpoint(workspace, endpoint)
        held.check()
        if found is None or deployment is None:
            _unserve(workspace, endpoint, found, deployment)
            return
        fence = int((found.tags or {}).get(FENCE_TAG, "0"))
        if fence > held.fence:
            raise StageLost(f"{endpoint} was switched by a later holder of the stage; this run does nothing more there")
        if found.defaults is not None and found.defaults.deployment_name == deployment:
            return
        found.defaults.deployment_name = deployment
        found.tags = {**(found.tags or {}), FENCE_TAG: str(held.fence)}
        client.batch_endpoints.begin_create_or_update(found).result()


def _unserve(workspace: Workspace, endpoint: str, found: Any, deployment: str | None) -> None:
    """Back to where the endpoint served nothing: Azure takes a default away only together with its endpoint.

    What a release before had deployed there and never switched to goes with it; what somebody deployed by hand does not.
    """
    if deployment is not None:
        raise Terminal(f"{endpoint} is gone, so it cannot serve {deployment}; release the circuit again")
    if found is None or not (found.defaults and found.defaults.deployment_name):
        return
    client = workspace.get_client()
    made = [frozen(endpoint, one) for one in client.batch_deployments.list(endpoint)]
    by_hand = sorted(one.name for one in made if not is_ours(one))
    if by_hand:
        raise Terminal(
            f"{endpoint} served nothing before, and no release made {', '.join(by_hand)}, so it is not deleted; delete that, or "
            "choose what it is to serve with `signalbox deploy-version`"
        )
    client.batch_endpoints.begin_delete(endpoint).result()


def _endpoint(workspace: Workspace, endpoint: str) -> Any:
    """The SDK's object; None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return workspace.get_client().batch_endpoints.get(endpoint)
    except ResourceNotFoundError:
        return None


def serving_of(workspace: Workspace, endpoints: Iterable[str]) -> dict[str, str | None]:
    """What each endpoint serves now, read side by side."""
    names = list(endpoints)
    with ThreadPoolExecutor(READERS, "reading defaults") as pool:
        return dict(zip(names, pool.map(lambda name: serving_deployment(workspace, name), names), strict=True))
