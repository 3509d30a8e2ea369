"""Where a stage's circuits serve: the few questions that every kind of target answers, and the verbs that are retried."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prefect import task

from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.stage import Stage
from domain.errors import Terminal
from domain.rollout.diagnosis import Finding
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from tasks.ledger.lease import HeldStage
from tasks.retries import RETRIED


@dataclass(frozen=True)
class Deployment:
    """A model version deployed to an endpoint. state: `Succeeded` when it is ready to serve, as Azure says it.

    environment: its id; empty where there is none.
    """

    endpoint: str
    name: str
    model: str
    state: str
    tags: Mapping[str, str]
    environment: str = ""


def model_of(deployment: Deployment) -> tuple[str, str]:
    """Name and version of the model that a deployment serves."""
    parts = deployment.model.rstrip("/").split("/")
    if len(parts) < 4 or parts[-2] != "versions":
        raise Terminal(
            f"deployment {deployment.name} of {deployment.endpoint} serves {deployment.model!r}, which is not a model version"
        )
    return parts[-3], parts[-1]


@dataclass(frozen=True)
class DeploymentRequest:
    """What to deploy where. model: `azureml://registries/…`; digest: what the scoring code must find in the files.

    tags: of the deployment; `previous_deployment` is added. endpoint_tags: of an endpoint that has to be made.
    """

    endpoint: str
    name: str
    model: str
    digest: str
    tags: Mapping[str, str]
    endpoint_tags: Mapping[str, str]


class Platform(Protocol):
    """An endpoint is what callers ask; a deployment is what a release put there; the endpoint's default serves."""

    @property
    def place(self) -> str:
        """What people know it by."""

    def endpoint(self, unit: Unit) -> str:
        """The name of the circuit's endpoint."""

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Endpoints whose names Azure would refuse, in words."""

    def preflight_faults(self) -> tuple[str, ...]:
        """What keeps every release from it, in words; asked before anything starts."""

    def prepare(self) -> None:
        """Make what all endpoints share."""

    def serving(self, endpoint: str) -> str | None:
        """The deployment that serves, read now; None where there is no endpoint or no default."""

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """What stands under that name says of itself; nothing where nothing is there."""

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """The deployment; None where it does not exist."""

    def deployments(self, endpoint: str) -> tuple[Deployment, ...]:
        """Every deployment of the endpoint; none where there is no endpoint."""

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Create endpoint and deployment unless they are there; what serves is not touched."""

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Make a deployment serve; None: nothing, as before the first one. StageLost where somebody else holds the stage."""

    def source(self, circuit: ChangedCircuit, release: str) -> str:
        """What a deployment of this circuit by this release is made from: `DeploymentRequest.model`."""

    def check(self, circuit: ChangedCircuit, release: str) -> None:
        """Terminal unless that is still there, byte for byte as it was released; asked before every switch."""

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """Ask the deployment, or what serves, as callers do."""

    def remove(self, held: HeldStage, endpoint: str, name: str) -> None:
        """Delete a deployment and see that it is gone; Terminal where it serves."""

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """Delete an endpoint that this release made and that has nothing; whether it is gone."""

    def missing_dependencies(self, registry: ModelRegistry) -> Callable[[Deployment], str]:
        """Deployment → what it would need to serve again and is gone, in words; empty when nothing is."""

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Everything worth a look, and nothing changed. expected: endpoint → deployment, by the ledger."""

    def describe(self) -> str:
        """What stays there and may cost."""


@task(name="deploy", **RETRIED)
def deploy(platform: Platform, request: DeploymentRequest) -> Deployment:
    """See `Platform.deploy`."""
    return platform.deploy(request)


@task(name="switch", **RETRIED)
def switch(platform: Platform, held: HeldStage, endpoint: str, deployment: str | None) -> None:
    """See `Platform.switch`. It may be accepted and not done: whoever switches a fleet reads it back, all of it."""
    platform.switch(held, endpoint, deployment)


@task(name="check", **RETRIED)
def check(platform: Platform, circuit: ChangedCircuit, release: str) -> None:
    """See `Platform.check`."""
    platform.check(circuit, release)


@task(name="smoke test", **RETRIED)
def smoke(platform: Platform, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
    """See `Platform.smoke`."""
    return platform.smoke(test, unit, endpoint, deployment)


@task(name="remove deployment", **RETRIED)
def remove_deployment(platform: Platform, held: HeldStage, endpoint: str, name: str) -> None:
    """See `Platform.remove`."""
    platform.remove(held, endpoint, name)


@task(name="remove endpoint", **RETRIED)
def remove_endpoint(platform: Platform, held: HeldStage, endpoint: str, release: str) -> bool:
    """See `Platform.remove_endpoint`."""
    return platform.remove_endpoint(held, endpoint, release)
