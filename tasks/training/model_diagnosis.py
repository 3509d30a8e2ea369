"""Whether the models of a release are where they should be. (Seed 002, troubleshooting.)"""

from collections.abc import Iterator

from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.release.manifest import Release
from domain.rollout.diagnosis import Finding, registry_finding
from tasks.azure_ml.models import find_model


def diagnose_models(dev: Workspace, registry: ModelRegistry, release: Release, under_way: bool) -> Iterator[Finding]:
    """Whether every model of a release is where it should be. under_way: the release has not ended, so that some may be published yet."""
    for unit in release.units:
        name, version = unit.model_name, unit.model_version
        there = find_model(registry, name, version) is not None
        yield registry_finding(name, version, there, find_model(dev, name, version) is not None, under_way)
