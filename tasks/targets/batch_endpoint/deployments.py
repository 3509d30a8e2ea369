"""The deployments of batch endpoints, as Azure ML keeps them."""

from typing import Any

from blocks.workspace import Workspace
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal, Transient
from domain.rollout.deployment_history import FENCE, fence_of
from domain.tags import NO_PREVIOUS, PREVIOUS
from tasks.azure_errors import azure_errors
from tasks.azure_ml.scoring_jobs import PREDICTIONS
from tasks.ledger.lease import HeldStage
from tasks.targets.platform import Deployment, DeploymentRequest


def find_deployment(workspace: Workspace, endpoint: str, name: str) -> Deployment | None:
    """The deployment, or None where it does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading deployment {name} of {endpoint}"):
        try:
            found: Any = workspace.get_client().batch_deployments.get(name, endpoint)
        except ResourceNotFoundError:
            return None
    return _frozen(endpoint, found)


def deployments_of(workspace: Workspace, endpoint: str) -> tuple[Deployment, ...]:
    """Every deployment of the endpoint; none where there is no endpoint."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"listing the deployments of {endpoint}"):
        try:
            return tuple(_frozen(endpoint, one) for one in workspace.get_client().batch_deployments.list(endpoint))
        except ResourceNotFoundError:
            return ()


def _frozen(endpoint: str, found: Any) -> Deployment:
    """The SDK's deployment as a value."""
    model = found.model if isinstance(found.model, str) else getattr(found.model, "id", "")
    environment = found.environment if isinstance(found.environment, str) else getattr(found.environment, "id", "")
    return Deployment(
        endpoint, found.name, model or "", found.provisioning_state or "", dict(found.tags or {}), environment or ""
    )


def ensure_deployment(
    workspace: Workspace,
    target: BatchEndpointTarget,
    workload: Workload,
    request: DeploymentRequest,
    serving: str | None,
) -> Deployment:
    """Create it unless it is there. serving: the endpoint's default, which becomes `previous_deployment`."""
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
            f"Check compute {target.compute} and the model in the registry: `signalbox doctor --workload {workload.name}`."
        )
    return created


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
        code_configuration=CodeConfiguration(
            code=str(workload.scoring_folder), scoring_script=workload.batch_scoring.script
        ),
        environment=Environment(image=workload.batch_scoring.environment.image, conda_file=str(workload.conda_file)),
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


def delete_deployment(workspace: Workspace, held: HeldStage, endpoint: str, name: str) -> None:
    """Delete a deployment and see that it is gone; one that is gone already is what we wanted.

    Terminal where it serves by now, whatever was planned. StageLost where somebody else holds the stage.
    """
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"removing deployment {name} of {endpoint}"):
        try:
            found = client.batch_endpoints.get(endpoint)
            held.check()
            _must_be_idle(found, endpoint, name, held)
            client.batch_deployments.begin_delete(name, endpoint).result()
        except ResourceNotFoundError:
            return
        except ResourceExistsError as error:  # 409: a removal before this one, or its creation, is under way
            raise Transient(f"deployment {name} of {endpoint} is being changed, so it was not removed") from error
    if find_deployment(workspace, endpoint, name) is not None:
        raise Transient(f"deployment {name} of {endpoint} is still there: Azure accepted its removal but did not do it")


def _must_be_idle(found: Any, endpoint: str, name: str, held: HeldStage) -> None:
    held.must_outrank(endpoint, fence_of((found.tags or {}).get(FENCE), f"tag {FENCE} of endpoint {endpoint}"))
    default = found.defaults.deployment_name if found.defaults else None
    if default and default.lower() == name.lower():
        raise Terminal(f"deployment {name} of {endpoint} serves, so it is not removed; switch to another one first")
