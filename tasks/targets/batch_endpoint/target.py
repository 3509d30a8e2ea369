"""Batch endpoints: one a circuit, a deployment a release, and the default that serves. (Seed 002.)"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Compute, Workload
from domain.errors import Terminal, Transient
from domain.naming import Naming, faults_of_names
from domain.ownership import must_not_be_anothers
from domain.rollout.deployment_history import FENCE, fence_of
from domain.rollout.diagnosis import Finding
from domain.rollout.retention import made_by_release
from domain.tags import RELEASE_ID, WORKLOAD
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeTest, SmokeVerdict
from tasks.azure_errors import azure_errors
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.compute_cost import describe_cluster
from tasks.azure_ml.models import check_model
from tasks.ledger.lease import HeldStage
from tasks.targets.batch_endpoint.dependencies import missing_batch_dependencies
from tasks.targets.batch_endpoint.deployments import (
    delete_deployment,
    deployments_of,
    ensure_deployment,
    find_deployment,
)
from tasks.targets.batch_endpoint.diagnosis import diagnose_batch
from tasks.targets.batch_endpoint.smoke import smoke_job
from tasks.targets.platform import Deployment, DeploymentRequest


@dataclass(frozen=True)
class BatchEndpoints:
    """A `tasks.targets.platform.Platform`."""

    workload: Workload
    workspace: Workspace
    target: BatchEndpointTarget

    @property
    def place(self) -> str:
        """The workspace's name."""
        return self.workspace.workspace_name

    def endpoint(self, unit: Unit) -> str:
        """`be-{plant}-{circuit}`, and what the environment adds."""
        return self._naming.endpoint(unit)

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Names are unique in a region, and short."""
        return faults_of_names(units, self._naming)

    def preflight_faults(self) -> tuple[str, ...]:
        """Azure is there."""
        return ()

    def prepare(self) -> None:
        """The cluster that all endpoints run their jobs on."""
        target = self.target
        instances = max(4, target.instance_count)
        compute = Compute(name=target.compute, size=target.vm_size, max_instances=instances)
        ensure_compute(self.workspace, compute, self.workload.name)

    def serving(self, endpoint: str) -> str | None:
        """The endpoint's default."""
        with azure_errors(f"reading endpoint {endpoint}"):
            found = _endpoint(self.workspace, endpoint)
        return found.defaults.deployment_name if found is not None and found.defaults else None

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """The endpoint's."""
        with azure_errors(f"reading endpoint {endpoint}"):
            found = _endpoint(self.workspace, endpoint)
        return dict(found.tags or {}) if found is not None else {}

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """As Azure ML has it."""
        return find_deployment(self.workspace, endpoint, name)

    def deployments(self, endpoint: str) -> tuple[Deployment, ...]:
        """As Azure ML lists them."""
        return deployments_of(self.workspace, endpoint)

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Endpoint and deployment. (Seed 002, stages 2 and 3.)"""
        serving = _ensure_endpoint(self.workspace, request, self.workload.name)
        return ensure_deployment(self.workspace, self.target, self.workload, request, serving)

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Change the default.

        deployment: None where nothing served before: then the endpoint goes, if nothing else was deployed to it. Raises
        StageLost where somebody else holds the stage by now: Azure has no conditional update of an endpoint, so a holder
        that wakes up late is known by the lease and by the fencing token that whoever came after it left in the endpoint's tags.
        """
        client = self.workspace.get_client()
        with azure_errors(f"switching {endpoint} to {deployment or 'nothing'}"):
            found = _endpoint(self.workspace, endpoint)
            held.check()
            must_not_be_anothers(endpoint, found.tags or {} if found is not None else {}, self.workload.name)
            if found is None or deployment is None:
                _unserve(self.workspace, endpoint, found, deployment)
                return
            held.must_outrank(endpoint, fence_of((found.tags or {}).get(FENCE), f"tag {FENCE} of endpoint {endpoint}"))
            if found.defaults is not None and found.defaults.deployment_name == deployment:
                return
            found.defaults.deployment_name = deployment
            found.tags = {**(found.tags or {}), FENCE: str(held.fence), WORKLOAD: self.workload.name}
            client.batch_endpoints.begin_create_or_update(found).result()

    def source(self, circuit: ChangedCircuit, release: str) -> str:
        """The model in the registry."""
        registry = self._registry().registry_name
        return f"azureml://registries/{registry}/models/{circuit.model_name}/versions/{circuit.model_version}"

    def check(self, circuit: ChangedCircuit, release: str) -> None:
        """The model's files."""
        check_model.fn(self._registry(), circuit)

    @property
    def _naming(self) -> Naming:
        return self.workload.naming(self.workspace.endpoint_prefix, self.workspace.endpoint_suffix)

    def _registry(self) -> ModelRegistry:
        return loaded(ModelRegistry, self.workload.model_registry)

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """A scoring job over the circuit's test data."""
        if not isinstance(test, SmokeTest):
            raise Terminal(
                f"{endpoint} scores files and is not tested over HTTP; declare data and columns for its smoke test"
            )
        return test.verdict(smoke_job(self.workspace, test, unit, endpoint, deployment))

    def remove(self, held: HeldStage, endpoint: str, name: str) -> None:
        """One that is gone already is what we wanted."""
        delete_deployment(self.workspace, held, endpoint, name)

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """Delete an endpoint that this release made and that has nothing; whether it is gone.

        It stays where it has a deployment, has ever been switched, or does not carry this release in its tag `release_id`.
        """
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        client = self.workspace.get_client()
        with azure_errors(f"removing endpoint {endpoint}"):
            try:
                found = client.batch_endpoints.get(endpoint)
                tags = found.tags or {}
                served = FENCE in tags or (found.defaults is not None and found.defaults.deployment_name)
                if served or tags.get(RELEASE_ID) != release or any(client.batch_deployments.list(endpoint)):
                    return False
                held.check()
                client.batch_endpoints.begin_delete(endpoint).result()
            except ResourceNotFoundError:
                return True
            except ResourceExistsError as error:
                raise Transient(f"endpoint {endpoint} is being changed, so it was not removed") from error
        return True

    def missing_dependencies(self, registry: ModelRegistry) -> Callable[[Deployment], str]:
        """Model and environment."""
        return missing_batch_dependencies(self.workspace, registry)

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Compute, test data, endpoints and the last scoring jobs."""
        return diagnose_batch(self, self.workspace, self.target, self.workload, stage, expected)

    def describe(self) -> str:
        """The cluster."""
        return describe_cluster(self.workspace, self.target.compute)


def _ensure_endpoint(workspace: Workspace, request: DeploymentRequest, workload: str) -> str | None:
    """What the endpoint serves; Terminal where it is another workload's."""
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
        must_not_be_anothers(request.endpoint, found.tags or {}, workload)
        return found.defaults.deployment_name if found.defaults else None


def _unserve(workspace: Workspace, endpoint: str, found: Any, deployment: str | None) -> None:
    """Back to where the endpoint served nothing: Azure takes a default away only together with its endpoint.

    What a release before had deployed there and never switched to goes with it; what somebody deployed by hand does not.
    """
    if deployment is not None:
        raise Terminal(f"{endpoint} is gone, so it cannot serve {deployment}; release the circuit again")
    if found is None or not (found.defaults and found.defaults.deployment_name):
        return
    client = workspace.get_client()
    by_hand = sorted(one.name for one in deployments_of(workspace, endpoint) if not made_by_release(one))
    if by_hand:
        raise Terminal(
            f"{endpoint} served nothing before, and no release made {', '.join(by_hand)}, so the endpoint is not deleted; delete that deployment, or "
            "choose what it is to serve with `signalbox deploy-version PLANT/CIRCUIT VERSION --stage STAGE --workload NAME`"
        )
    client.batch_endpoints.begin_delete(endpoint).result()


def _endpoint(workspace: Workspace, endpoint: str) -> Any:
    """The SDK's object; None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return workspace.get_client().batch_endpoints.get(endpoint)
    except ResourceNotFoundError:
        return None
