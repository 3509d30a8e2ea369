"""The version that serves a circuit now, which candidates are compared with."""

from dataclasses import dataclass

from blocks.model_registry import ModelRegistry
from domain.errors import Terminal
from domain.unit import Unit
from tasks.azure_ml.models import find_model
from tasks.targets.platform import Platform, model_of
from tasks.targets.serving import deployment_serving


@dataclass(frozen=True)
class ChampionModel:
    """The model version that serves a circuit. uri: as a job takes it; digest: of its files."""

    name: str
    version: str
    uri: str
    digest: str


def champion_of(production: Platform, registry: ModelRegistry, unit: Unit) -> ChampionModel | None:
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
    return ChampionModel(name, version, uri, model.digest)
