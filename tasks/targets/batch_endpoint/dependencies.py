"""What a batch deployment needs to serve again: its model and its environment."""

from collections.abc import Callable
from functools import lru_cache

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from tasks.azure_errors import azure_errors
from tasks.azure_ml.models import find_model
from tasks.targets.platform import Deployment, model_of


def missing_batch_dependencies(workspace: Workspace, registry: ModelRegistry) -> Callable[[Deployment], str]:
    """Deployment → what is gone; empty when nothing is. An environment is asked for once, however many share it."""
    has_environment = lru_cache(maxsize=None)(lambda id: _has_environment(workspace, id))

    def missing(deployment: Deployment) -> str:
        if not _has_model(workspace, registry, deployment):
            return f"its model {':'.join(model_of(deployment))} is gone"
        if deployment.environment and not has_environment(deployment.environment):
            return f"its environment {deployment.environment.rsplit('/environments/')[-1]} is gone"
        return ""

    return missing


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
