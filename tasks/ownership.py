"""Whose the things are that a workload finds under its names, by what Azure and its ledger say."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from blocks.ledger import Ledger
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.ownership import why_not_ours
from domain.requested import requested_release
from domain.tags import WORKLOAD
from domain.unit import Unit
from domain.workload import Workload
from tasks.azure_errors import azure_errors
from tasks.ledger import read_facts
from tasks.models import models_of
from tasks.platform import Platform
from tasks.serving import READERS

if TYPE_CHECKING:
    from tasks.datasets import DataAsset
    from tasks.models import Model


def faults_of_endpoints(
    ledger: Ledger, platform: Platform, workload: Workload, units: Sequence[Unit]
) -> tuple[str, ...]:
    """Endpoints of a stage that are not this workload's, in words; read side by side."""

    def read(unit: Unit) -> str:
        endpoint = platform.endpoint(unit)
        what = f"{endpoint} in {platform.place}"
        return why_not_ours(
            what, platform.tags(endpoint), workload.name, lambda name: _made(ledger, workload, name, unit)
        )

    with ThreadPoolExecutor(READERS, "reading whose it is") as pool:
        return tuple(filter(None, pool.map(read, units)))


def faults_of_registry(
    ledger: Ledger, registry: ModelRegistry, workload: Workload, units: Sequence[Unit]
) -> tuple[str, ...]:
    """Models of a registry that are not this workload's, in words: by the newest version of each; read side by side."""

    def read(unit: Unit) -> str:
        found = models_of(registry, workload.model_name(unit))
        if not found:
            return ""
        what = f"model {found[-1].name} in registry {registry.registry_name}"
        return why_not_ours(what, found[-1].tags, workload.name, lambda name: _made(ledger, workload, name, unit))

    with ThreadPoolExecutor(READERS, "reading whose it is") as pool:
        return tuple(filter(None, pool.map(read, units)))


def must_be_ours(dev: Workspace, workload: Workload, found: "DataAsset | Model", job: str) -> None:
    """Terminal where data or a candidate is another workload's. job: that made it; what says nothing is whose that is."""
    tags: Mapping[str, str] = found.tags
    if WORKLOAD not in tags:
        tags = _tags_of_job(dev, job)
    why = why_not_ours(f"{found.name}:{found.version} in {dev.workspace_name}", tags, workload.name, lambda _: True)
    if why:
        raise Terminal(why)


def _made(ledger: Ledger, workload: Workload, release: str, unit: Unit) -> bool:
    """Whether the ledger has a release of that name with this circuit in it."""
    facts = read_facts(ledger, workload.name, release)
    return bool(facts) and any(one.unit == unit for one in requested_release(facts).units)


def _tags_of_job(dev: Workspace, job: str) -> dict[str, str]:
    from azure.core.exceptions import ResourceNotFoundError

    if not job:
        return {}
    with azure_errors(f"reading job {job}"):
        try:
            return dict(dev.get_client().jobs.get(job).tags or {})
        except ResourceNotFoundError:
            return {}
