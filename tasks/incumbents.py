"""What a switch would replace, and whether one could go back to it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.kept import is_ours
from domain.unit import Unit
from tasks.azure_errors import azure_errors
from tasks.batch_endpoints import READERS, Deployment
from tasks.deployments import deployments_of
from tasks.models import find_model
from tasks.serving import deployment_serving, model_of, naming_of


@dataclass(frozen=True)
class Incumbent:
    """What serves a circuit now, in words. fault: why it could not serve again; empty when it could."""

    version: str
    fault: str


def incumbents_of(workspace: Workspace, registry: ModelRegistry, units: Sequence[Unit]) -> dict[Unit, Incumbent]:
    """Of every circuit that something serves, read side by side. registry: where models should be."""
    has_environment = lru_cache(maxsize=None)(lambda id: _has_environment(workspace, id))

    def read(unit: Unit) -> Incumbent | None:
        found = deployment_serving(workspace, unit)
        if found is None:
            return _nothing(workspace, unit)
        version = f"version {model_of(found)[1]} ({found.name})"
        if found.state != "Succeeded":
            return Incumbent(version, f"{found.name} is {found.state}")
        if not _has_model(workspace, registry, found):
            return Incumbent(version, f"its model {':'.join(model_of(found))} is gone")
        if found.environment and not has_environment(found.environment):
            return Incumbent(version, f"its environment {found.environment.rsplit('/environments/')[-1]} is gone")
        return Incumbent(version, "")

    with ThreadPoolExecutor(READERS, "reading what serves") as pool:
        return {unit: one for unit, one in zip(units, pool.map(read, units), strict=True) if one is not None}


def _nothing(workspace: Workspace, unit: Unit) -> Incumbent | None:
    """Where nothing serves, the way back takes the endpoint away: not with what somebody deployed there by hand."""
    made = deployments_of(workspace, naming_of(workspace).endpoint(unit))
    by_hand = sorted(one.name for one in made if not is_ours(one))
    if not by_hand:
        return None
    return Incumbent(
        "nothing", f"nothing serves, and no release made {', '.join(by_hand)}: with it there, it cannot be so again"
    )


def _has_model(workspace: Workspace, registry: ModelRegistry, deployment: Deployment) -> bool:
    """False where its model is gone. One that was deployed by hand from another registry is not looked for."""
    name, version = model_of(deployment)
    home = deployment.model.partition("/registries/")[2].partition("/")[0]
    if home and home != registry.registry_name:
        return True
    return find_model(registry if home else workspace, name, version) is not None


def _has_environment(workspace: Workspace, id: str) -> bool:
    """id: as Azure writes it, `…/environments/NAME/versions/VERSION`."""
    from azure.core.exceptions import ResourceNotFoundError

    name, _, version = id.rpartition("/environments/")[2].partition("/versions/")
    with azure_errors(f"reading environment {name}:{version}"):
        try:
            workspace.get_client().environments.get(name, version)
        except ResourceNotFoundError:
            return False
    return True
