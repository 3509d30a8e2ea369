"""Container instances: a group a circuit, which is replaced when it switches. (Seed 001, dev and QA.)

What a release "deploys" is there already: the image that was built for it. So `deploy` looks whether it is, and `switch` puts it into
the group; what is asked is asked after that. The group's tags say what serves, what served before, and when its time is up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blocks.container_instances import ContainerInstances
from blocks.ledger import Ledger
from blocks.loading import loaded
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerInstanceTarget
from domain.errors import Terminal
from domain.naming import Naming, faults_of_groups, release_of
from domain.ownership import must_not_be_anothers
from domain.rollout.deployment_history import FENCE, MODEL, fence_of, serving_tag, tags_of
from domain.rollout.diagnosis import Finding, serving_finding
from domain.rollout.expiry import EXPIRES_AT, due
from domain.rollout.served import READY
from domain.tags import WORKLOAD
from domain.unit import Unit
from domain.utc import utc_text
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from tasks.ledger.lease import HeldStage
from tasks.notices import faults_of_channels
from tasks.targets.container_instance.groups import (
    ContainerGroup,
    GroupRequest,
    create_group,
    delete_group,
    find_group,
    list_groups,
    tag_group,
)
from tasks.targets.container_instance.replaced_groups import keep_replaced, replaced_tags
from tasks.targets.http_smoke import send_request
from tasks.targets.images.build import Image
from tasks.targets.platform import Deployment, DeploymentRequest
from tasks.targets.service_target import ServiceTarget

OK = 200


@dataclass(frozen=True)
class ContainerGroups(ServiceTarget):
    """A `tasks.targets.platform.Platform`."""

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

    def preflight_faults(self) -> tuple[str, ...]:
        """Channels that could never be told: what nobody is told of would stay for ever."""
        return tuple(faults_of_channels(self.target.notify))

    def prepare(self) -> None:
        """Groups share nothing."""

    def serving(self, endpoint: str) -> str | None:
        """What the group's tags say; a group that no release made serves nothing of ours."""
        found = find_group(self.instances, endpoint)
        return serving_tag(found.tags) if found is not None else None

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """The group's."""
        found = find_group(self.instances, endpoint)
        return found.tags if found is not None else {}

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """The group where it serves that; else the image, from which it could."""
        group = find_group(self.instances, endpoint)
        if group is not None and serving_tag(group.tags) == name:
            return Deployment(endpoint, name, group.tags.get(MODEL, ""), group.state, group.tags, group.image)
        serving = group.tags if group is not None else {}
        return self._images.deployment(endpoint, self._unit(endpoint), name, serving)

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Look whether the image is there, under a tag that nobody can move; the group is not touched."""
        self._refuse_another(find_group(self.instances, request.endpoint))
        found = self.find(request.endpoint, request.name)
        return self._images.expected(request, self._unit(request.endpoint), found)

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Replace the group; None: delete it.

        A group that Azure would not update is deleted first: one that has ended, or was made with other CPUs or memory. A group that was
        announced to expire and is deployed again lives on: its tags are new. StageLost where somebody else holds the stage by now,
        known by the lease and by the fencing token in the group's tags.
        """
        group = self._held_group(held, endpoint)
        if deployment is None:
            if group is not None and serving_tag(group.tags) is not None:
                delete_group(self.instances, endpoint)
            return
        self._refuse_another(group)
        image = self._images.existing(self._unit(endpoint), release_of(deployment))
        if group is not None and _runs(group, deployment, image):
            return
        ledger = loaded(Ledger, "ledger")
        replaced = group.tags if group is not None else replaced_tags(ledger, self.instances, endpoint, deployment)
        request = self._request(held, endpoint, deployment, image, replaced)
        if group is not None and (group.ended or group.fixed != request.fixed):
            keep_replaced(ledger, self.instances, endpoint, replaced, by=deployment)
            held.check()
            delete_group(self.instances, endpoint)
        create_group(self.instances, request)

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """Over HTTP, at the group's public address."""
        test = self._over_http(test, endpoint)
        group = find_group(self.instances, endpoint)
        if group is None or not group.address:
            raise Terminal(
                f"{endpoint} has no address to send requests to: {group.why or group.state if group else 'it is gone'}"
            )
        version = self._images.version(unit, self._must_serve(endpoint, serving_tag(group.tags), deployment))
        seen = send_request(test, self.workload.folder, self._service.ready, unit, f"http://{group.address}", version)
        if seen.ready != OK:
            now = find_group(self.instances, endpoint)
            why = f"{now.why if now is not None else 'it is gone'} ({seen.ready_text})"
            seen = seen.model_copy(update={"ready_text": why})
        return test.verdict(seen)

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """A release that did not switch made no group; whether there is none."""
        return find_group(self.instances, endpoint) is None

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Each group: what it serves, whether it runs, when it goes."""
        groups = {group.name: group for group in list_groups(self.instances)}
        for unit in self.workload.units:
            endpoint = self.endpoint(unit)
            group = groups.get(endpoint)
            serving = serving_tag(group.tags) if group is not None else None
            yield serving_finding(endpoint, serving, group.state if group else "", expected.get(endpoint))
            if group is None or serving is None:
                continue
            if group.image != self._images.pinned(unit, release_of(serving)):
                yield Finding(
                    f"image of {endpoint}",
                    group.image,
                    f"somebody changed it by hand: it is not what was released; roll back, or delete the group and "
                    f"put its version back with `signalbox deploy-version {unit} VERSION --stage {stage.name} --workload {self.workload.name}`",
                )
            elif fault := self._images.fault(unit, release_of(serving)):
                yield Finding(f"image of {endpoint}", group.image, fault)
            if EXPIRES_AT in group.tags:
                unheard = "" if self.target.notify else "; nobody is notified: the stage declares no `notify`"
                yield Finding(f"time to live of {endpoint}", due(group.tags, datetime.now(UTC)).reason + unheard)

    def lifetimes(self) -> dict[str, Mapping[str, str]]:
        """Endpoint → tags, of the circuits' groups that releases of this workload made."""
        endpoints = {self.endpoint(unit) for unit in self.workload.units}
        groups = list_groups(self.instances)
        ours = [one for one in groups if one.tags.get(WORKLOAD, self.workload.name) == self.workload.name]
        return {one.name: one.tags for one in ours if one.name in endpoints and serving_tag(one.tags) is not None}

    def retag(self, held: HeldStage, endpoint: str, tags: Mapping[str, str]) -> None:
        """Set these tags beside those that it has now; what runs runs on. Terminal where it is gone, StageLost as with `switch`."""
        group = self._held_group(held, endpoint)
        if group is None or serving_tag(group.tags) is None:
            raise Terminal(f"{endpoint} is gone, or no release made what is there now; its tags were left alone")
        tag_group(self.instances, endpoint, {**group.tags, **tags})

    def describe(self) -> str:
        """Groups cost while they run."""
        ours = [group for group in list_groups(self.instances) if serving_tag(group.tags) is not None]
        target = self.target
        return f"{len(ours)} container group{'s' * (len(ours) != 1)} in {self.place}, each with {target.cpu:g} CPU and {target.memory_gb:g} GB while it runs"

    def _held_group(self, held: HeldStage, endpoint: str) -> ContainerGroup | None:
        """The group as it is now; StageLost unless the stage is still ours, by the lease and by the fencing token in its tags."""
        group = find_group(self.instances, endpoint)
        fence = fence_of(group.tags.get(FENCE), f"tag {FENCE} of {endpoint}") if group is not None else 0
        self._must_be_held(held, endpoint, fence)
        return group

    def _refuse_another(self, group: ContainerGroup | None) -> None:
        """Terminal where a group has our name and no release of this workload made it: it may be somebody's work."""
        if group is None:
            return
        must_not_be_anothers(f"container group {group.name}", group.tags, self.workload.name)
        if serving_tag(group.tags) is None:
            raise Terminal(
                f"container group {group.name} is there and no release made it, so it is not overwritten; "
                "delete it, or give ours another name with the block's suffix"
            )

    @property
    def _naming(self) -> Naming:
        return self.workload.naming(self.instances.prefix, self.instances.suffix)

    def _request(
        self, held: HeldStage, endpoint: str, deployment: str, image: Image, replaced: Mapping[str, str]
    ) -> GroupRequest:
        now, model = datetime.now(UTC), self._images.model(self._unit(endpoint), image)
        tags = tags_of(self.workload.name, deployment, replaced, model.address, model.cutoff, now, held.fence)
        if self.target.hours_to_live is not None:
            tags[EXPIRES_AT] = utc_text(now + timedelta(hours=self.target.hours_to_live))
        return GroupRequest(
            name=endpoint,
            image=image.pinned,
            cpu=self.target.cpu,
            memory_gb=self.target.memory_gb,
            port=self._service.port,
            ready=self._service.ready,
            environment={"MODEL_DIGEST": model.digest, "MODEL_NAME": model.name, "MODEL_VERSION": model.version},
            tags=tags,
        )


def _runs(group: ContainerGroup, deployment: str, image: Image) -> bool:
    """Whether it is what was asked for already: deployed again, it would be down for a while for nothing."""
    there = serving_tag(group.tags) == deployment and group.image == image.pinned
    return there and group.state == READY and not group.ended
