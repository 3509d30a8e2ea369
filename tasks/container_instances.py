"""Container instances: a group a circuit, which is replaced when it switches. (Seed 001, dev and QA.)

What a release "deploys" is there already: the image that was built for it. So `deploy` looks whether it is, and `switch` puts it into
the group; what is asked is asked after that. The group's tags say what serves, what served before, and when its time is up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blocks.container_instances import ContainerInstances
from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.changed_circuits import ChangedCircuit
from domain.diagnosis import Finding, serving_finding
from domain.errors import StageLost, Terminal
from domain.expiry import EXPIRES_AT, due
from domain.http_smoke import AnySmokeTest, HttpSmokeTest
from domain.moment import utc_text
from domain.naming import Naming, deployment_name, faults_of_groups, image_repository, model_name, release_of
from domain.service import Service
from domain.smoke import SmokeVerdict
from domain.stage import Stage
from domain.tags import NO_PREVIOUS, PREVIOUS, RELEASE_ID
from domain.target import ContainerInstanceTarget
from domain.unit import Unit
from domain.workload import Workload
from tasks.container_groups import (
    ContainerGroup,
    GroupRequest,
    create_group,
    delete_group,
    find_group,
    list_groups,
    tag_group,
)
from tasks.http_smoke import ask
from tasks.images import Image, find_image, find_version
from tasks.lease import HeldStage
from tasks.models import find_model
from tasks.platform import Deployment, DeploymentRequest

FENCE_TAG = "switch_fence"
"""The fencing number of whoever switched it last."""
EARLIER = "earlier_deployments"
"""Tag: what served before, newest first, parted by commas: a way back for each of them."""
WAYS_BACK = 5
MODEL = "model"
"""Tag: what the registry calls the model that is in the image."""
READY = "Succeeded"
OK = 200


@dataclass(frozen=True)
class ContainerGroups:
    """A `tasks.platform.Platform`."""

    workload: Workload
    instances: ContainerInstances
    target: ContainerInstanceTarget

    @property
    def place(self) -> str:
        """The resource group's name."""
        return self.instances.resource_group

    def endpoint(self, unit: Unit) -> str:
        """`ci-{plant}-{circuit}`, and what the environment adds."""
        return self._naming.container_group(unit)

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Names are short and simple."""
        return faults_of_groups(units, self._naming)

    def prepare(self) -> None:
        """Groups share nothing."""

    def serving(self, endpoint: str) -> str | None:
        """What the group's tags say; a group that no release made serves nothing of ours."""
        found = find_group(self.instances, endpoint)
        return _serving(found) if found is not None else None

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """The group where it serves that; else the image, from which it could."""
        group = find_group(self.instances, endpoint)
        if group is not None and _serving(group) == name:
            return Deployment(endpoint, name, group.tags.get(MODEL, ""), group.state, group.tags, group.image)
        image = self._image(endpoint, release_of(name))
        if image is None:
            return None
        tags = {RELEASE_ID: release_of(name), PREVIOUS: _before(group, name)}
        return Deployment(endpoint, name, self._model(endpoint, image), READY, tags, image.pinned)

    def deployments(self, endpoint: str) -> tuple[Deployment, ...]:
        """The one that serves: a group has no other, and images cost little."""
        serving = self.serving(endpoint)
        found = self.find(endpoint, serving) if serving is not None else None
        return (found,) if found is not None else ()

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Look whether the image is there, under a tag that nobody can move; the group is not touched."""
        _refuse_another(find_group(self.instances, request.endpoint))
        found = self.find(request.endpoint, request.name)
        if found is None:
            raise Terminal(
                f"there is no image {self._repository(request.endpoint)}:{release_of(request.name)} in {self._registry.registry_name}, so "
                f"{request.endpoint} cannot run it; the stage that builds images comes before"
            )
        if found.model != request.model:
            raise Terminal(
                f"image {found.environment} was built with model {found.model}, released is {request.model}. Make a new release."
            )
        return found

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Replace the group; None: delete it.

        A group that was announced to expire and is deployed again lives on: its tags are new. StageLost where somebody
        else holds the stage by now, known by the lease and by the fence in the group's tags.
        """
        group = find_group(self.instances, endpoint)
        held.check()
        if group is not None and int(group.tags.get(FENCE_TAG, "0")) > held.fence:
            raise StageLost(f"{endpoint} was switched by a later holder of the stage; this run does nothing more there")
        if deployment is None:
            if group is not None and _serving(group) is not None:
                delete_group(self.instances, endpoint)
            return
        _refuse_another(group)
        image = self._image(endpoint, release_of(deployment))
        if image is None:
            raise Terminal(
                f"image {self._repository(endpoint)}:{release_of(deployment)} is gone; release {endpoint} again"
            )
        if group is not None and _runs(group, deployment, image):
            return
        create_group(self.instances, self._request(held, endpoint, deployment, image, group))

    def source(self, circuit: ChangedCircuit, release: str) -> str:
        """The model in the registry, of which the image has a copy."""
        return self._address(circuit.model_name, circuit.model_version)

    def check(self, circuit: ChangedCircuit, release: str) -> None:
        """The image, locked: nobody can have put another one under its tag."""
        image = find_image(self._registry, image_repository(self.workload.name, circuit.unit), release)
        if image is None or not image.locked:
            what = "is gone" if image is None else "is not locked, so it may be another one than was built"
            raise Terminal(
                f"image {image_repository(self.workload.name, circuit.unit)}:{release} {what}. Nothing was switched. Make a new release."
            )

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """Over HTTP, at the group's public address."""
        if not isinstance(test, HttpSmokeTest):
            raise Terminal(f"{endpoint} is asked over HTTP and scores no files; declare path, question and answers")
        group = find_group(self.instances, endpoint)
        if group is None or not group.address:
            raise Terminal(
                f"{endpoint} has no address to be asked at: {group.why or group.state if group else 'it is gone'}"
            )
        if deployment is not None and _serving(group) != deployment:
            raise Terminal(f"{endpoint} serves {_serving(group)}, so {deployment} cannot be asked")
        seen = ask(test, self.workload.folder, self._service.ready, unit, f"http://{group.address}")
        if seen.ready != OK:
            now = find_group(self.instances, endpoint)
            why = f"{now.why if now is not None else 'it is gone'} ({seen.ready_text})"
            seen = seen.model_copy(update={"ready_text": why})
        return test.verdict(seen)

    def remove(self, held: HeldStage, endpoint: str, name: str) -> None:
        """Only what serves is there, and that stays."""
        if self.serving(endpoint) == name:
            raise Terminal(f"{name} serves at {endpoint}, so it is not removed; switch to another one first")

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """A release that did not switch made no group; whether there is none."""
        return find_group(self.instances, endpoint) is None

    def lacks(self, registry: ModelRegistry) -> Callable[[Deployment], str]:
        """The image."""

        def lack(deployment: Deployment) -> str:
            tag = release_of(deployment.name)
            repository = self._repository(deployment.endpoint)
            return "" if find_image(self._registry, repository, tag) else f"its image {repository}:{tag} is gone"

        return lack

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Each group: what it serves, whether it runs, when it goes."""
        groups = {group.name: group for group in list_groups(self.instances)}
        for unit in self.workload.units:
            endpoint = self.endpoint(unit)
            group = groups.get(endpoint)
            serving = _serving(group) if group is not None else None
            yield serving_finding(endpoint, serving, group.state if group else "", expected.get(endpoint))
            if group is None or serving is None:
                continue
            image = self._image(endpoint, release_of(serving))
            if image is None or group.image != image.pinned:
                yield Finding(
                    f"image of {endpoint}",
                    group.image,
                    "somebody changed it by hand: it is not what was released; roll back, or delete the group and put its version back with `signalbox deploy-version`",
                )
            if EXPIRES_AT in group.tags:
                yield Finding(f"time to live of {endpoint}", due(group.tags, datetime.now(UTC)).reason)

    def lifetimes(self) -> dict[str, Mapping[str, str]]:
        """Endpoint → tags, of the circuits' groups that releases made."""
        endpoints = {self.endpoint(unit) for unit in self.workload.units}
        groups = list_groups(self.instances)
        return {one.name: one.tags for one in groups if one.name in endpoints and _serving(one) is not None}

    def retag(self, endpoint: str, tags: Mapping[str, str]) -> None:
        """Set these tags; what runs runs on."""
        tag_group(self.instances, endpoint, tags)

    def in_words(self) -> str:
        """Groups cost while they run."""
        ours = [group for group in list_groups(self.instances) if _serving(group) is not None]
        target = self.target
        return f"{len(ours)} container group{'s' * (len(ours) != 1)} in {self.place}, each with {target.cpu:g} CPU and {target.memory_gb:g} GB while it runs"

    @property
    def _naming(self) -> Naming:
        return Naming(self.instances.prefix, self.instances.suffix)

    @property
    def _registry(self) -> ContainerRegistry:
        return loaded(ContainerRegistry, self.workload.container_registry)

    @property
    def _service(self) -> Service:
        if self.workload.service is None:
            raise Terminal(f"{self.workload.name} declares no service, so no container can run it")
        return self.workload.service

    def _unit(self, endpoint: str) -> Unit:
        return next(unit for unit in self.workload.units if self.endpoint(unit) == endpoint)

    def _repository(self, endpoint: str) -> str:
        return image_repository(self.workload.name, self._unit(endpoint))

    def _image(self, endpoint: str, release: str) -> Image | None:
        return find_image(self._registry, self._repository(endpoint), release)

    def _address(self, name: str, version: str) -> str:
        registry = loaded(ModelRegistry, self.workload.model_registry).registry_name
        return f"azureml://registries/{registry}/models/{name}/versions/{version}"

    def _model(self, endpoint: str, image: Image) -> str:
        version = find_version(self._registry, image)
        return self._address(model_name(self._unit(endpoint)), version) if version else ""

    def _request(
        self, held: HeldStage, endpoint: str, deployment: str, image: Image, group: ContainerGroup | None
    ) -> GroupRequest:
        now, name, version = datetime.now(UTC), model_name(self._unit(endpoint)), find_version(self._registry, image)
        registry = loaded(ModelRegistry, self.workload.model_registry)
        model = find_model(registry, name, version)
        if model is None:
            raise Terminal(
                f"model {name}:{version} is no longer in {registry.registry_name}; nothing was changed at {endpoint}"
            )
        earlier = _earlier(group, deployment)
        tags = {
            RELEASE_ID: release_of(deployment),
            "cutoff_date": model.tags.get("cutoff_date", ""),
            "deployed_at": utc_text(now),
            PREVIOUS: earlier[0] if earlier else NO_PREVIOUS,
            EARLIER: ",".join(earlier),
            MODEL: self._address(name, version),
            FENCE_TAG: str(held.fence),
        }
        if self.target.hours_to_live is not None:
            tags[EXPIRES_AT] = utc_text(now + timedelta(hours=self.target.hours_to_live))
        return GroupRequest(
            name=endpoint,
            image=image.pinned,
            cpu=self.target.cpu,
            memory_gb=self.target.memory_gb,
            port=self._service.port,
            ready=self._service.ready,
            environment={"MODEL_DIGEST": model.digest, "MODEL_NAME": name, "MODEL_VERSION": version},
            tags=tags,
        )


def _serving(group: ContainerGroup) -> str | None:
    release = group.tags.get(RELEASE_ID)
    return deployment_name(release) if release else None


def _refuse_another(group: ContainerGroup | None) -> None:
    """Terminal where a group has our name and no release made it: it may be somebody's work."""
    if group is not None and _serving(group) is None:
        raise Terminal(
            f"container group {group.name} is there and no release made it, so nothing is deployed over it; "
            "delete it, or name ours apart with the block's suffix"
        )


def _runs(group: ContainerGroup, deployment: str, image: Image) -> bool:
    """Whether it is what was asked for already: deployed again, it would be down for a while for nothing."""
    return _serving(group) == deployment and group.image == image.pinned and group.state == READY


def _chain(group: ContainerGroup | None) -> list[str]:
    """What serves and what served before, newest first."""
    if group is None:
        return []
    serving = _serving(group)
    return [*([serving] if serving else []), *filter(None, group.tags.get(EARLIER, "").split(","))]


def _earlier(group: ContainerGroup | None, deployment: str) -> list[str]:
    """What a way back from the deployment leads to. One that served before has what came before it."""
    chain = _chain(group)
    after = chain[chain.index(deployment) + 1 :] if deployment in chain else chain
    return after[:WAYS_BACK]


def _before(group: ContainerGroup | None, deployment: str) -> str:
    earlier = _earlier(group, deployment)
    return earlier[0] if earlier else NO_PREVIOUS
