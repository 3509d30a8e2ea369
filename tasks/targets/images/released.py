"""The images of a workload's releases, as every platform asks for them that runs containers.

The ledger says which bytes a release built, and those alone are run: a tag says what somebody put under it last.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from blocks.container_registry import ContainerRegistry
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.naming import image_repository, release_of
from domain.release.built_images import built_digest
from domain.release.manifest import requested_release
from domain.rollout.deployment_history import before
from domain.rollout.served import READY
from domain.tags import PREVIOUS, RELEASE_ID
from domain.unit import Unit
from tasks.ledger.facts import read_facts
from tasks.targets.images.build import Image, find_image
from tasks.targets.platform import Deployment, DeploymentRequest


@dataclass(frozen=True)
class ImageModel:
    """The model in an image. address: `azureml://registries/…`. digest: of its files. cutoff: of its data, a day."""

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
        """What has the release's name now, whoever put it there; None where nothing has."""
        return find_image(self.registry, self.repository(unit), release)

    def pinned(self, unit: Unit, release: str) -> str:
        """What the release built and people approved, by its digest in the ledger; empty where it built none."""
        digest = built_digest(self._facts(release), unit)
        return digest and f"{self.registry.login_server}/{self.repository(unit)}@{digest}"

    def fault(self, unit: Unit, release: str) -> str:
        """Why the release's image cannot be run, in words; empty where it is there and is what the release built."""
        return self._fault(unit, release, self.find(unit, release))

    def existing(self, unit: Unit, release: str) -> Image:
        """What the release built; Terminal where it is not there, or something else is."""
        image = self.find(unit, release)
        fault = self._fault(unit, release, image)
        if image is None or fault:
            raise Terminal(f"{fault}. Nothing was changed. Find out who did that, and make a new release.")
        return image

    def version(self, unit: Unit, deployment: str) -> str:
        """Of the model in the image that the deployment's release built."""
        return self._circuit(unit, release_of(deployment)).model_version

    def source(self, circuit: ChangedCircuit) -> str:
        """The model in the registry, of which the image has a copy."""
        return self._address(circuit.model_name, circuit.model_version)

    def model(self, unit: Unit, image: Image) -> ImageModel:
        """What is in an image that a release built, by the release's manifest."""
        one = self._circuit(unit, image.tag)
        address = self._address(one.model_name, one.model_version)
        return ImageModel(one.model_name, one.model_version, address, one.model_digest, one.cutoff_date.isoformat())

    def deployment(self, endpoint: str, unit: Unit, name: str, serving: Mapping[str, str]) -> Deployment | None:
        """What a deployment would be that the image is there for; None where it is not. serving: tags of what serves."""
        release = release_of(name)
        pinned = self.pinned(unit, release)
        if not pinned or self.find(unit, release) is None:
            return None
        tags = {RELEASE_ID: release, PREVIOUS: before(serving, name)}
        return Deployment(endpoint, name, self.source(self._circuit(unit, release)), READY, tags, pinned)

    def expected(self, request: DeploymentRequest, unit: Unit, found: Deployment | None) -> Deployment:
        """What was found, if it is what was asked for; Terminal where `check` says so, or it has another model."""
        self.check(unit, release_of(request.name))
        if found is None or found.model != request.model:
            what = "is not there" if found is None else f"has model {found.model}"
            raise Terminal(
                f"{request.name} of {request.endpoint} {what}, but the release has {request.model}. Make a new release."
            )
        return found

    def check(self, unit: Unit, release: str) -> None:
        """Terminal unless it is there, is what the release built, and nobody can put another one under its tag."""
        image = self.existing(unit, release)
        if not image.locked:
            raise Terminal(
                f"image {image.repository}:{image.tag} is no longer locked, so somebody may be about to replace it. Nothing was "
                "changed. Lock its tag, or make a new release."
            )

    def missing(self, unit: Unit, deployment: str) -> str:
        """What is wrong with the deployment's image, in words; empty when nothing is."""
        return self.fault(unit, release_of(deployment))

    def _address(self, name: str, version: str) -> str:
        registry = loaded(ModelRegistry, self.workload.model_registry).registry_name
        return f"azureml://registries/{registry}/models/{name}/versions/{version}"

    def _fault(self, unit: Unit, release: str, image: Image | None) -> str:
        name, built = f"image {self.repository(unit)}:{release}", built_digest(self._facts(release), unit)
        if not built:
            return f"release {release} built no {name}"
        if image is None:
            return f"{name} is gone from {self.registry.registry_name}"
        if image.digest != built:
            return f"{name} is {image.digest} now, but the release built {built}: somebody replaced it"
        return ""

    def _facts(self, release: str) -> tuple[Fact, ...]:
        return read_facts(loaded(Ledger, "ledger"), self.workload.name, release)

    def _circuit(self, unit: Unit, release: str) -> ChangedCircuit:
        facts = self._facts(release)
        found = next((one for one in requested_release(facts).units if one.unit == unit), None) if facts else None
        if found is None:
            raise Terminal(f"the ledger knows no release {release} of {self.workload.name} with circuit {unit}")
        return found
