"""Helm releases: one a circuit, installed once and upgraded since, with a history that leads back. (Seed 001, production.)

What a Signalbox release "deploys" is there already, as with container instances: the image that was built for it. So `deploy` looks
whether it is and tries the chart in a dry run, and `switch` installs, upgrades, or rolls back to the revision that served before, with the
chart of that time. What serves and what served before stand in the values under `signalbox`, as `domain.rollout.deployment_history` says.

What a person changed since, in Helm's history or in the cluster, is said and never overwritten: see `tasks.targets.helm.history`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from domain.declaration.stage import Stage
from domain.declaration.target import HelmReleaseTarget
from domain.errors import SignalboxError, Terminal
from domain.naming import faults_of_helm_releases, release_of
from domain.ownership import must_not_be_anothers
from domain.rollout.deployment_history import MODEL, serving_tag, tags_of
from domain.rollout.diagnosis import Finding, serving_finding
from domain.rollout.served import READY
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from tasks.ledger.lease import HeldStage
from tasks.targets.helm.client import (
    DEPLOYED,
    ReleaseRequest,
    Revision,
    check_chart,
    helm_release_names,
    install,
    roll_back,
    uninstall,
)
from tasks.targets.helm.history import FENCE, REVISION, TAGS, History, secret_of, tags_of_revision
from tasks.targets.images.build import Image
from tasks.targets.kubernetes.access import ClusterAccess, access
from tasks.targets.kubernetes.cluster_target import ClusterTarget
from tasks.targets.kubernetes.kubectl import kubectl
from tasks.targets.kubernetes.objects import rolled_out, service_port
from tasks.targets.kubernetes.rollout_status import why_not_ready
from tasks.targets.platform import Deployment, DeploymentRequest


@dataclass(frozen=True)
class HelmReleases(ClusterTarget):
    """A `tasks.targets.platform.Platform`."""

    target: HelmReleaseTarget

    def endpoint(self, unit: Unit) -> str:
        """`hr-{plant}-{circuit}`, and what the environment adds."""
        return self._naming.helm_release(unit)

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Helm's names are short."""
        return faults_of_helm_releases(units, self._naming)

    def preflight_faults(self) -> tuple[str, ...]:
        """A cluster that does not answer, or lets us read no releases."""
        try:
            with access(self.cluster) as there:
                helm_release_names(there)
        except SignalboxError as error:
            return (str(error),)
        return ()

    def serving(self, endpoint: str) -> str | None:
        """What the revision says that Helm applied last; one that no release made serves nothing of ours."""
        with access(self.cluster) as there:
            return History.read(there, endpoint).serving

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """The newest revision's."""
        with access(self.cluster) as there:
            return History.read(there, endpoint).newest_tags

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """The release where it serves that; else the image, from which it could."""
        with access(self.cluster) as there:
            history = History.read(there, endpoint)
        if history.applied is not None and history.serving == name:
            return Deployment(
                endpoint, name, history.tags.get(MODEL, ""), READY, history.tags, _image_of(history.applied)
            )
        return self._images.deployment(endpoint, self._unit(endpoint), name, history.tags)

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Look whether the image is there, under a tag that nobody can move, and try the chart in a dry run; nothing is touched."""
        unit = self._unit(request.endpoint)
        found = self._images.expected(request, unit, self.find(request.endpoint, request.name))
        image = self._images.existing(unit, release_of(request.name))
        with access(self.cluster) as there:
            history = History.read(there, request.endpoint)
            must_not_be_anothers(
                f"Helm release {request.endpoint} in {self.place}", history.newest_tags, self.workload.name
            )
            history.refuse_changes(there)
            wanted = self._request(history, request.name, image, 0)
            check_chart(wanted.chart, wanted.values, there)
            if history.settled:  # else Helm takes no dry run either
                install(there, wanted, upgrade=history.newest is not None, dry_run=True)
        return found

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Install, upgrade or roll back; None: uninstall. What serves already is left as it is.

        A rollback waits until the pods are ready, because nobody asks them after it, and each time that it is asked for; Terminal
        where they do not get there.
        StageLost where somebody else holds the stage by now, known by the lease and by the fencing token of the revisions.
        """
        with access(self.cluster) as there:
            history = History.read(there, endpoint)
            self._must_be_held(held, endpoint, history.fence)
            if deployment is None:
                if history.newest is not None and serving_tag(tags_of_revision(history.newest)) is not None:
                    history.refuse_changes(there)
                    uninstall(there, endpoint, self._seconds)
                return
            if not (history.settled and history.serving == deployment):
                history.refuse_changes(there)
                history = self._replaced(there, history, deployment, held)
            if history.is_rolled_back:
                _label(there, history, held)
                pods = rolled_out(history.revisions[0].manifest)
                self._wait_until_back(there, endpoint, history.serving, pods)

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """Once its pods are replaced and ready, over HTTP through a port-forward to its Service."""
        test = self._over_http(test, endpoint)
        with access(self.cluster) as there:
            history = History.read(there, endpoint)
            applied = history.applied
            if applied is None:
                raise Terminal(f"{endpoint} is not installed in {self.place}, so it cannot be tested")
            serving = self._must_serve(endpoint, history.serving, deployment)
            at, pods = service_port(applied.manifest), rolled_out(applied.manifest)
            return self._asked(there, test, unit, serving, at, pods)

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """A release that did not switch installed nothing; whether there is nothing."""
        with access(self.cluster) as there:
            return History.read(there, endpoint).newest is None

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Each release: what it serves, whether somebody changed it, whether its pods are ready."""
        if faults := self.preflight_faults():
            yield Finding(
                f"cluster {self.place}", faults[0], "start it, or get us the rights; nothing in it can be seen"
            )
            return
        with access(self.cluster) as there:
            for unit in self.workload.units:
                endpoint = self.endpoint(unit)
                history = History.read(there, endpoint)
                newest = history.newest
                state = READY if history.settled or newest is None else newest.status
                yield serving_finding(endpoint, history.serving, state, expected.get(endpoint))
                if theirs := history.changes(there):
                    yield Finding(f"Helm release {endpoint}", theirs, history.advice)
                for name in rolled_out(history.applied.manifest) if history.applied is not None else ():
                    why = why_not_ready(there, name, 0)
                    advice = "roll back, or see `kubectl describe pods`" if why else ""
                    yield Finding(f"{name} in {self.place}", why or "ready", advice)

    def describe(self) -> str:
        """Pods cost what their nodes do."""
        with access(self.cluster) as there:
            names = set(helm_release_names(there))
        ours = [unit for unit in self.workload.units if self.endpoint(unit) in names]
        return f"{len(ours)} Helm release{'s' * (len(ours) != 1)} in {self.place}, on nodes that cost whether they are busy or not"

    @property
    def _seconds(self) -> float:
        return self.target.timeout_minutes * 60

    def _request(self, history: History, deployment: str, image: Image, fence: int) -> ReleaseRequest:
        model = self._images.model(self._unit(history.name), image)
        given = self._given()
        values = {
            **given,
            "image": {**(given.get("image") or {}), "repository": self._pulled_from(image), "digest": image.digest},
            "model": {"name": model.name, "version": model.version, "digest": model.digest},
            "release": release_of(deployment),
            TAGS: tags_of(
                self.workload.name, deployment, history.tags, model.address, model.cutoff, datetime.now(UTC), fence
            ),
        }
        return ReleaseRequest(
            name=history.name,
            chart=self.workload.folder / self.target.chart,
            values=values,
            labels={REVISION: str(history.next_number), FENCE: str(fence)},
            description=f"{deployment} of {self.workload.name}",
            seconds=self._seconds,
            kept=self.target.kept_revisions,
        )

    def _given(self) -> dict[str, Any]:
        if self.target.values is None:
            return {}
        found = yaml.safe_load((self.workload.folder / self.target.values).read_text())
        if found is not None and not isinstance(found, dict):
            raise Terminal(
                f"{self.target.values} of {self.workload.name} is not a mapping, so Helm cannot take values from it"
            )
        return found or {}

    def _replaced(self, there: ClusterAccess, history: History, deployment: str, held: HeldStage) -> History:
        """The history once that serves: by the revision with which it did before, else by the chart of now."""
        back = history.rollback_revision(deployment)
        if back is not None:
            return self._roll_back(there, history, back)
        history = self._upgradable(there, history)
        image = self._images.existing(self._unit(history.name), release_of(deployment))
        wanted = self._request(history, deployment, image, held.fence)
        install(there, wanted, upgrade=history.newest is not None)
        return History.read(there, history.name)

    def _upgradable(self, there: ClusterAccess, history: History) -> History:
        """The history once Helm takes an upgrade: after one that is deployed, and while nothing is under way.

        Only what never worked is uninstalled. A run of ours died where something is under way, because we hold the stage.
        """
        newest, applied = history.newest, history.applied
        if newest is None:
            return history
        if applied is None:
            uninstall(there, history.name, self._seconds)
        elif newest.pending or applied.status != DEPLOYED:
            return self._roll_back(there, history, applied)
        else:
            return history
        return History.read(there, history.name)

    def _roll_back(self, there: ClusterAccess, history: History, to: Revision) -> History:
        """A dry run first: Helm, refused a field that is somebody else's, leaves no revision that is called deployed."""
        history.refuse_conflicts(there, to)
        roll_back(there, history.name, to.number, self._seconds)
        return History.read(there, history.name)


def _label(there: ClusterAccess, history: History, held: HeldStage) -> None:
    """The newest revision is ours: Helm copied the labels of the one that it rolled back to."""
    newest = history.revisions[0]
    labels = {REVISION: str(newest.number), FENCE: str(held.fence)}
    if not labels.items() <= newest.labels.items():
        secret = secret_of(history.name, newest.number)
        words = [f"{key}={text}" for key, text in labels.items()]
        kubectl(there, "label", "--overwrite", secret, *words, action=f"labelling {secret}")


def _image_of(revision: Revision) -> str:
    image = revision.values.get("image") or {}
    return f"{image.get('repository', '')}@{image.get('digest', '')}"
