"""Looks at everything that the seed's troubleshooting looks at, and changes nothing."""

from collections.abc import Iterator
from typing import Any

from blocks.workspace import Workspace
from domain.release.manifest import Release
from domain.rollout.diagnosis import Finding, registry_finding
from tasks.azure_ml.models import find_model


def diagnose_models(dev: Workspace, registry: Any, release: Release) -> Iterator[Finding]:
    """Whether every model of a release is where it should be."""
    for unit in release.units:
        name, version = unit.model_name, unit.model_version
        there = find_model(registry, name, version) is not None
        yield registry_finding(name, version, there, find_model(dev, name, version) is not None)
