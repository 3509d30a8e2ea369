"""Which version serves a circuit at a stage, as Azure says now."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.naming import Naming
from domain.rollback import Standing
from domain.tags import NO_PREVIOUS, PREVIOUS
from domain.unit import Unit
from tasks.batch_endpoints import READERS, Deployment, find_deployment, serving_deployment
from tasks.models import find_model


@dataclass(frozen=True)
class Champion:
    """The model version that serves a circuit. uri: as a job takes it; digest: of its files."""

    name: str
    version: str
    uri: str
    digest: str


def naming_of(workspace: Workspace) -> Naming:
    """How this workspace's environment names its endpoints."""
    return Naming(workspace.endpoint_prefix, workspace.endpoint_suffix)


def deployment_serving(workspace: Workspace, unit: Unit) -> Deployment | None:
    """The default deployment of the circuit's endpoint; None where nothing serves."""
    endpoint = naming_of(workspace).endpoint(unit)
    name = serving_deployment(workspace, endpoint)
    return None if name is None else find_deployment(workspace, endpoint, name)


def model_of(deployment: Deployment) -> tuple[str, str]:
    """Name and version of the model that a deployment serves."""
    parts = deployment.model.rstrip("/").split("/")
    if len(parts) < 4 or parts[-2] != "versions":
        raise Terminal(
            f"deployment {deployment.name} of {deployment.endpoint} serves {deployment.model!r}, which is no model version"
        )
    return parts[-3], parts[-1]


def champion_of(production: Workspace, registry: ModelRegistry, unit: Unit) -> Champion | None:
    """The version that production serves; None before the first release."""
    deployment = deployment_serving(production, unit)
    if deployment is None:
        return None
    name, version = model_of(deployment)
    model = find_model(registry, name, version)
    if model is None:
        raise Terminal(
            f"{unit}: production serves {name}:{version}, which is no longer in registry {registry.registry_name}, so no "
            "candidate can be compared with it. Restore that version, or roll back to one that exists."
        )
    uri = f"azureml://registries/{registry.registry_name}/models/{name}/versions/{version}"
    return Champion(name, version, uri, model.digest)


def standings_of(workspace: Workspace, units: Sequence[Unit]) -> list[Standing]:
    """Of every circuit, read side by side, in order."""
    with ThreadPoolExecutor(READERS, "reading standings") as pool:
        return list(pool.map(lambda unit: standing_of(workspace, unit), units))


def standing_of(workspace: Workspace, unit: Unit) -> Standing:
    """What the circuit's endpoint serves, what served before, and whether that is still there."""
    endpoint = naming_of(workspace).endpoint(unit)
    current = deployment_serving(workspace, unit)
    if current is None:
        return Standing(unit, endpoint, None, None, False)
    previous = current.tags.get(PREVIOUS)
    before = find_deployment(workspace, endpoint, previous) if previous and previous != NO_PREVIOUS else None
    ready = before is not None and before.state == "Succeeded"
    return Standing(unit, endpoint, current.name, previous, ready, current.tags.get("release_id"))


def unready(workspace: Workspace, deployments: Mapping[str, str | None]) -> dict[str, str]:
    """Endpoint → why its deployment could not serve, where it could not. None: nothing is to serve, which always can be."""
    wanted = [(endpoint, name) for endpoint, name in deployments.items() if name is not None]
    with ThreadPoolExecutor(READERS, "reading deployments") as pool:
        found = pool.map(lambda one: find_deployment(workspace, *one), wanted)
        states = [deployment.state if deployment else "gone" for deployment in found]
    return {
        endpoint: f"{name} is {state}"
        for (endpoint, name), state in zip(wanted, states, strict=True)
        if state != "Succeeded"
    }
