"""Whose the things are that a workload finds under its names, by what Azure and its ledger say."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from blocks.ledger import Ledger
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Kind
from domain.ownership import why_not_ours
from domain.release.manifest import readable_release
from domain.tags import WORKLOAD
from domain.unit import Unit
from tasks.azure_errors import azure_errors
from tasks.azure_ml.models import models_of
from tasks.ledger.facts import read_facts
from tasks.ledger.stored_facts import QuarantinedError
from tasks.targets.platform import Platform
from tasks.targets.read_each import read_each

if TYPE_CHECKING:
    from tasks.azure_ml.datasets import DataAsset
    from tasks.azure_ml.models import Model


def faults_of_endpoints(
    ledger: Ledger, platform: Platform, workload: Workload, stage: str, units: Sequence[Unit]
) -> dict[str, str]:
    """Circuit → why its endpoint at a stage is not this workload's; nothing where all are. Read side by side."""
    known = Makers(ledger, workload.name, stage)

    def read(unit: Unit) -> str:
        endpoint = platform.endpoint(unit)
        what = f"{endpoint} in {platform.place}"
        return why_not_ours(what, platform.tags(endpoint), workload.name, lambda name: known.made(name, unit))

    return _told(read, units)


def faults_of_registry(
    ledger: Ledger, registry: ModelRegistry, workload: Workload, stage: str, units: Sequence[Unit]
) -> dict[str, str]:
    """Circuit → why its model in a registry is not this workload's, by the newest version; nothing where all are."""
    known = Makers(ledger, workload.name, stage)

    def read(unit: Unit) -> str:
        found = models_of(registry, workload.model_name(unit))
        if not found:
            return ""
        what = f"model {found[-1].name} in registry {registry.registry_name}"
        return why_not_ours(what, found[-1].tags, workload.name, lambda name: known.made(name, unit))

    return _told(read, units)


MADE = {Kind.PROMOTED, Kind.BUILDING, Kind.DEPLOYED, Kind.JOURNAL, Kind.SWITCHED}
"""What a release writes down of a stage once it has made something there."""


class Makers:
    """Which releases of a workload made what at a stage; each is read once, however many circuits ask."""

    def __init__(self, ledger: Ledger, workload: str, stage: str) -> None:
        self._ledger, self._workload, self._stage, self._lock = ledger, workload, stage, Lock()
        self._circuits: dict[str, frozenset[Unit] | None] = {}

    def made(self, release: str, unit: Unit) -> bool:
        """Whether the ledger has a release of that name that got as far as this stage with this circuit, or of which nobody can tell."""
        with self._lock:
            if release not in self._circuits:
                self._circuits[release] = self._read(release)
            circuits = self._circuits[release]
        return circuits is None or unit in circuits

    def _read(self, release: str) -> frozenset[Unit] | None:
        try:
            facts = read_facts(self._ledger, self._workload, release)
        except QuarantinedError:
            return None
        found = readable_release(facts)
        if found is None:
            return None if facts else frozenset()
        if not any(fact.kind in MADE and fact.stage == self._stage for fact in facts):
            return frozenset()
        return frozenset(one.unit for one in found.units)


def _told(read: Callable[[Unit], str], units: Sequence[Unit]) -> dict[str, str]:
    return {str(unit): why for unit, why in read_each(units, read).items() if why}


def must_be_ours(dev: Workspace, workload: Workload, found: "DataAsset | Model", job: str) -> None:
    """Terminal where data or a candidate is another workload's. job: that made it; what says nothing is whose that is."""
    tags: Mapping[str, str] = found.tags
    if WORKLOAD not in tags:
        tags = _tags_of_job(dev, job)
    why = why_not_ours(f"{found.name}:{found.version} in {dev.workspace_name}", tags, workload.name, lambda _: True)
    if why:
        raise Terminal(why)


def _tags_of_job(dev: Workspace, job: str) -> dict[str, str]:
    from azure.core.exceptions import ResourceNotFoundError

    if not job:
        return {}
    with azure_errors(f"reading job {job}"):
        try:
            return dict(dev.get_client().jobs.get(job).tags or {})
        except ResourceNotFoundError:
            return {}
