"""The images of a workload's releases, as every platform asks for them that runs containers."""

from collections.abc import Mapping
from dataclasses import dataclass

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from domain.naming import image_repository, model_name, release_of
from domain.replacement import before
from domain.tags import PREVIOUS, RELEASE_ID
from domain.unit import Unit
from domain.workload import Workload
from tasks.images import Image, find_image, find_version
from tasks.models import find_model
from tasks.platform import Deployment, DeploymentRequest

READY = "Succeeded"


@dataclass(frozen=True)
class ImageModel:
    """The model in an image. address: `azureml://registries/…`. digest: of its files. cutoff: of its data; empty where unknown."""

    name: str
    version: str
    address: str
    digest: str
    cutoff: str


@dataclass(frozen=True)
class ReleasedImages:
    """One a circuit and release, in the registry that the workload's images are built in."""

    workload: Workload

    @property
    def registry(self) -> ContainerRegistry:
        """Terminal where no stage has one."""
        return loaded(ContainerRegistry, self.workload.container_registry)

    def repository(self, unit: Unit) -> str:
        """Without the registry."""
        return image_repository(self.workload.name, unit)

    def find(self, unit: Unit, release: str) -> Image | None:
        """The image, or None where there is none."""
        return find_image(self.registry, self.repository(unit), release)

    def existing(self, unit: Unit, release: str) -> Image:
        """Terminal where it is gone."""
        image = self.find(unit, release)
        if image is None:
            raise Terminal(f"image {self.repository(unit)}:{release} is gone; release {unit} again")
        return image

    def version(self, unit: Unit, deployment: str) -> str:
        """Of the model that a deployment must answer with; Terminal where its image is gone."""
        return find_version(self.registry, self.existing(unit, release_of(deployment)))

    def source(self, circuit: ChangedCircuit) -> str:
        """The model in the registry, of which the image has a copy."""
        return self._address(circuit.model_name, circuit.model_version)

    def model(self, unit: Unit, image: Image) -> ImageModel:
        """What is in it, by the model registry; Terminal where that no longer has it."""
        name, version = model_name(unit), find_version(self.registry, image)
        registry = loaded(ModelRegistry, self.workload.model_registry)
        found = find_model(registry, name, version)
        if found is None:
            raise Terminal(f"model {name}:{version} is no longer in {registry.registry_name}; nothing was changed")
        return ImageModel(name, version, self._address(name, version), found.digest, found.tags.get("cutoff_date", ""))

    def deployment(self, endpoint: str, unit: Unit, name: str, serving: Mapping[str, str]) -> Deployment | None:
        """What a deployment would be that the image is there for; None where it is not. serving: tags of what serves."""
        image = self.find(unit, release_of(name))
        if image is None:
            return None
        model = self._address(model_name(unit), find_version(self.registry, image))
        tags = {RELEASE_ID: release_of(name), PREVIOUS: before(serving, name)}
        return Deployment(endpoint, name, model, READY, tags, image.pinned)

    def expected(self, request: DeploymentRequest, unit: Unit, found: Deployment | None) -> Deployment:
        """What was found, if it is what was asked for; Terminal where it is not there or has another model."""
        if found is None:
            raise Terminal(
                f"there is no image {self.repository(unit)}:{release_of(request.name)} in {self.registry.registry_name}, so "
                f"{request.endpoint} cannot run it; the stage that builds images comes before"
            )
        if found.model != request.model:
            raise Terminal(
                f"image {found.environment} was built with model {found.model}, released is {request.model}. Make a new release."
            )
        return found

    def check(self, unit: Unit, release: str) -> None:
        """Terminal unless it is there and locked: nobody can have put another one under its tag."""
        image = self.find(unit, release)
        if image is None or not image.locked:
            what = "is gone" if image is None else "is not locked, so it may be another one than was built"
            raise Terminal(f"image {self.repository(unit)}:{release} {what}. Nothing was switched. Make a new release.")

    def lack(self, unit: Unit, deployment: str) -> str:
        """That the deployment's image is gone, in words; empty when it is there."""
        release = release_of(deployment)
        return "" if self.find(unit, release) else f"its image {self.repository(unit)}:{release} is gone"

    def _address(self, name: str, version: str) -> str:
        registry = loaded(ModelRegistry, self.workload.model_registry).registry_name
        return f"azureml://registries/{registry}/models/{name}/versions/{version}"
