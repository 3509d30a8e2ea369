"""The base of targets where one deployment replaces the other: container instances, Helm releases, manifests.

What a release "deploys" there is in the registry already: the image that was built for it. What stands under a circuit's name says in its
tags what serves, what served before, and with which fencing token it was switched.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.service import Service
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest, HttpSmokeTest
from tasks.ledger.lease import HeldStage
from tasks.targets.images.released import ReleasedImages
from tasks.targets.platform import Deployment


@dataclass(frozen=True)
class ServiceTarget(ABC):
    """The part of a `tasks.targets.platform.Platform` that is the same wherever a service runs."""

    workload: Workload

    @abstractmethod
    def endpoint(self, unit: Unit) -> str:
        """See `Platform.endpoint`."""

    @abstractmethod
    def serving(self, endpoint: str) -> str | None:
        """See `Platform.serving`."""

    @abstractmethod
    def find(self, endpoint: str, name: str) -> Deployment | None:
        """What serves, where it is that; else the image, from which it could."""

    def deployments(self, endpoint: str) -> tuple[Deployment, ...]:
        """The one that serves: those before it are images and revisions."""
        serving = self.serving(endpoint)
        found = self.find(endpoint, serving) if serving is not None else None
        return (found,) if found is not None else ()

    def source(self, circuit: ChangedCircuit, release: str) -> str:
        """The model in the registry, of which the image has a copy."""
        return self._images.source(circuit)

    def check(self, circuit: ChangedCircuit, release: str) -> None:
        """The image that the release built, under its tag, locked: nobody can have put another one there."""
        self._images.check(circuit.unit, release)

    def remove(self, held: HeldStage, endpoint: str, name: str) -> None:
        """Only what serves is there, and that stays."""
        if self.serving(endpoint) == name:
            raise Terminal(f"{name} serves at {endpoint}, so it is not removed; switch to another one first")

    def missing_dependencies(self, registry: ModelRegistry) -> Callable[[Deployment], str]:
        """The image."""
        return lambda deployment: self._images.missing(self._unit(deployment.endpoint), deployment.name)

    @property
    def _images(self) -> ReleasedImages:
        return ReleasedImages(self.workload)

    @property
    def _service(self) -> Service:
        if self.workload.service is None:
            raise Terminal(f"{self.workload.name} declares no service, so there is nothing to run")
        return self.workload.service

    def _unit(self, endpoint: str) -> Unit:
        return next(unit for unit in self.workload.units if self.endpoint(unit) == endpoint)

    @staticmethod
    def _must_be_held(held: HeldStage, endpoint: str, fence: int) -> None:
        """StageLost unless the stage is still ours, by the lease and by the fencing token of whoever switched the endpoint last."""
        held.check()
        held.must_outrank(endpoint, fence)

    @staticmethod
    def _must_serve(endpoint: str, serving: str | None, deployment: str | None) -> str:
        """What serves; Terminal where that is nothing, or not the deployment that is to be tested (None: any)."""
        if serving is None or deployment not in (None, serving):
            raise Terminal(f"{endpoint} serves {serving}, so {deployment} cannot be tested")
        return serving

    @staticmethod
    def _over_http(test: AnySmokeTest, endpoint: str) -> HttpSmokeTest:
        if not isinstance(test, HttpSmokeTest):
            raise Terminal(f"{endpoint} is tested over HTTP and scores no files; declare path, question and answers")
        return test
