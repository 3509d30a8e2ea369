"""Manifests: a Deployment and its Service a circuit, applied with kubectl. (Seed 003, "Deploy to AKS".)

What a Signalbox release "deploys" is there already, as with container instances: the image that was built for it. So `deploy` looks
whether it is and applies the manifest in a dry run on the cluster, and `switch` applies it; Kubernetes replaces the pods, and what served goes on
serving until the new ones are ready. The Deployment's annotations say what serves and what served before, as `domain.rollout.deployment_history` has it.

A rollback runs the pods of that time again, by the template that Kubernetes keeps of them, with whatever the manifest said then. It is
applied like all else, not undone with `kubectl rollout undo`: pods and annotations change at once, and `kubectl apply` knows what it left.

What differs from what was applied last is a person's work: it is said, and never overwritten.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.declaration.stage import Stage
from domain.declaration.target import KubernetesManifestTarget
from domain.errors import SignalboxError, Terminal
from domain.naming import faults_of_manifests, release_of
from domain.ownership import must_not_be_anothers
from domain.parsing.kubernetes_manifest import (
    INSTANCE,
    MANAGED_BY,
    MANAGER,
    PREFIX,
    RELEASE,
    Filling,
    Manifest,
    Object,
    read_manifest,
)
from domain.rollout.deployment_history import (
    FENCE,
    MODEL,
    ROLLED_BACK_FROM,
    Tags,
    chain,
    fence_of,
    serving_tag,
    tags_of,
)
from domain.rollout.diagnosis import Finding, serving_finding
from domain.rollout.served import READY
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeVerdict
from tasks.ledger.lease import HeldStage
from tasks.targets.images.build import Image
from tasks.targets.kubernetes.access import ChangedByHandError, ClusterAccess, access
from tasks.targets.kubernetes.cluster_target import ClusterTarget
from tasks.targets.kubernetes.kubectl import kubectl, kubectl_list
from tasks.targets.kubernetes.objects import Document, changed_by_hand
from tasks.targets.kubernetes.rollout_status import why_not_ready
from tasks.targets.manifest.last_applied import SIGNED, is_applied_by_another, last_applied, signed
from tasks.targets.platform import Deployment, DeploymentRequest

RIGHTS = (
    "create deployments",
    "patch deployments",
    "delete deployments",
    "create services",
    "patch services",
    "list replicasets",
    "list pods",
    "create pods/portforward",
)
"""What a release does there."""
HASH = "pod-template-hash"
"""A label that Kubernetes adds to pods."""


@dataclass(frozen=True)
class KubernetesManifests(ClusterTarget):
    """A `tasks.targets.platform.Platform`."""

    target: KubernetesManifestTarget

    def endpoint(self, unit: Unit) -> str:
        """`app-{plant}-{circuit}`, and what the environment adds."""
        return self._naming.manifest(unit)

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Names of Services are short and simple."""
        return faults_of_manifests(units, self._naming)

    def preflight_faults(self) -> tuple[str, ...]:
        """A cluster that does not answer, or in whose namespace we may not do what a release does."""
        try:
            with access(self.cluster) as there:
                kubectl(there, "get", "deployments", "--output=name", action="listing Deployments")
                lacking = [right for right in RIGHTS if not _may(there, right)]
        except SignalboxError as error:
            return (str(error),)
        if lacking:
            return (
                f"we are not allowed to {', '.join(lacking)} in {self.place}; ask its administrators for a role that allows it",
            )
        return ()

    def serving(self, endpoint: str) -> str | None:
        """What the Deployment's annotations say; one that no release made serves nothing of ours."""
        with access(self.cluster) as there:
            return serving_tag(_tags(_read(there, endpoint).get("Deployment")))

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """The Deployment's annotations that are ours."""
        with access(self.cluster) as there:
            return _tags(_read(there, endpoint).get("Deployment"))

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """The Deployment where it serves that; else the image, from which it could."""
        with access(self.cluster) as there:
            found = _read(there, endpoint).get("Deployment")
        tags = _tags(found)
        if found is not None and serving_tag(tags) == name:
            return Deployment(endpoint, name, tags.get(MODEL, ""), READY, tags, _image_of(found))
        return self._images.deployment(endpoint, self._unit(endpoint), name, tags)

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Look whether the image is there, under a tag that nobody can move, and apply the manifest in a dry run; nothing is touched."""
        unit = self._unit(request.endpoint)
        found = self._images.expected(request, unit, self.find(request.endpoint, request.name))
        image = self._images.existing(unit, release_of(request.name))
        with access(self.cluster) as there:
            live = _read(there, request.endpoint)
            self._refuse_changes(there, request.endpoint, live)
            _apply(there, self._objects(request.endpoint, request.name, image, live, 0), dry_run=True)
        return found

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Apply the manifest; None: delete what releases made. What serves already is left as it is.

        A rollback waits until the pods are ready, because nobody asks them after it, and each time that it is asked for; Terminal
        where they do not get there.
        StageLost where somebody else holds the stage by now, known by the lease and by the fencing token in the annotations.
        """
        with access(self.cluster) as there:
            live = _read(there, endpoint)
            tags = _tags(live.get("Deployment"))
            where = f"annotation {PREFIX}{FENCE} of deployment/{endpoint} in {self.place}"
            self._must_be_held(held, endpoint, fence_of(tags.get(FENCE), where))
            if deployment is None:
                self._refuse_changes(there, endpoint, live)
                ours = f"{MANAGED_BY}={MANAGER},{INSTANCE}={endpoint}"
                kubectl(there, "delete", "deployments,services", f"--selector={ours}", action=f"deleting {endpoint}")
                return
            if serving_tag(tags) != deployment:
                self._refuse_changes(there, endpoint, live)
                tags = self._replaced(there, endpoint, deployment, live, held.fence)
            if ROLLED_BACK_FROM in tags:
                self._wait_until_back(there, endpoint, deployment, [f"deployment/{endpoint}"])

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """Once its pods are replaced and ready, over HTTP through a port-forward to its Service."""
        test = self._over_http(test, endpoint)
        with access(self.cluster) as there:
            live = _read(there, endpoint)
            serving = serving_tag(_tags(live.get("Deployment")))
            if "Service" not in live or serving is None:
                raise Terminal(f"{endpoint} is not in {self.place}, so it cannot be tested")
            serving = self._must_serve(endpoint, serving, deployment)
            port = int(live["Service"]["spec"]["ports"][0]["port"])
            return self._asked(there, test, unit, serving, (f"service/{endpoint}", port), [f"deployment/{endpoint}"])

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """A release that did not switch applied nothing; whether there is nothing."""
        with access(self.cluster) as there:
            return not _read(there, endpoint)

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Each Deployment: what it serves, whether somebody changed it, whether its pods are ready."""
        if faults := self.preflight_faults():
            yield Finding(f"cluster {self.place}", faults[0], "start it, or get us the rights; nothing can be released")
            return
        with access(self.cluster) as there:
            for unit in self.workload.units:
                endpoint = self.endpoint(unit)
                live = _read(there, endpoint)
                serving = serving_tag(_tags(live.get("Deployment")))
                yield serving_finding(endpoint, serving, READY, expected.get(endpoint))
                if theirs := _changes(there, live):
                    yield Finding(f"manifest of {endpoint}", theirs, self._advice(endpoint, live))
                if serving is not None:
                    why = why_not_ready(there, f"deployment/{endpoint}", 0)
                    advice = "roll back, or see `kubectl describe pods`" if why else ""
                    yield Finding(f"deployment/{endpoint} in {self.place}", why or "ready", advice)

    def describe(self) -> str:
        """Pods cost what their nodes do."""
        with access(self.cluster) as there:
            listed = kubectl_list(there, "get", "deployments", f"--selector={MANAGED_BY}={MANAGER}")
        names = {one["metadata"]["name"] for one in listed}
        ours = [unit for unit in self.workload.units if self.endpoint(unit) in names]
        return f"{len(ours)} Deployment{'s' * (len(ours) != 1)} in {self.place}, on nodes that cost whether they run or not"

    @property
    def _manifest(self) -> Manifest:
        return read_manifest(self.workload.folder / self.target.manifest, self._service.port)

    def _objects(
        self,
        endpoint: str,
        deployment: str,
        image: Image,
        live: Mapping[str, Document],
        fence: int,
        template: Mapping[str, Any] | None = None,
    ) -> tuple[Object, Object]:
        model = self._images.model(self._unit(endpoint), image)
        tags = tags_of(
            self.workload.name,
            deployment,
            _tags(live.get("Deployment")),
            model.address,
            model.cutoff,
            datetime.now(UTC),
            fence,
        )
        return self._manifest.filled(
            Filling(
                name=endpoint,
                release=release_of(deployment),
                image=f"{self._pulled_from(image)}@{image.digest}",
                environment={"MODEL_DIGEST": model.digest, "MODEL_NAME": model.name, "MODEL_VERSION": model.version},
                tags=tags,
                template=template,
            )
        )

    def _replaced(
        self, there: ClusterAccess, endpoint: str, deployment: str, live: Mapping[str, Document], fence: int
    ) -> Tags:
        """What the annotations say once it is applied: what served before as it was then, all else by the manifest of now."""
        before = deployment in chain(_tags(live.get("Deployment")))
        image = self._images.existing(self._unit(endpoint), release_of(deployment))
        template = _template(there, endpoint, release_of(deployment)) if before else None
        objects = self._objects(endpoint, deployment, image, live, fence, template)
        _apply(there, objects)
        return _tags(objects[-1])

    def _refuse_changes(self, there: ClusterAccess, endpoint: str, live: Mapping[str, Document]) -> None:
        must_not_be_anothers(f"{endpoint} in {self.place}", _tags(live.get("Deployment")), self.workload.name)
        for kind, found in live.items():
            if found["metadata"].get("labels", {}).get(MANAGED_BY) != MANAGER:
                raise ChangedByHandError(
                    f"there is a {kind} {endpoint} in {self.place} that no release made. Nothing was touched. Delete or rename it, or "
                    "give the cluster block a prefix"
                )
        if theirs := _changes(there, live):
            raise ChangedByHandError(
                f"{endpoint} in {self.place} was changed by hand, and that would be lost: {theirs}. Nothing was touched. "
                f"{self._advice(endpoint, live).capitalize()}"
            )

    def _advice(self, endpoint: str, live: Mapping[str, Document]) -> str:
        """What to do about changes. What was applied is no more known where somebody applied another; it is given up."""
        if _applied_by_another(live):
            way = f"give it up with `kubectl annotate deployment,service {endpoint} {SIGNED}-`"
        else:
            way = f"undo it with `kubectl apply view-last-applied deployment,service {endpoint} -o json | kubectl apply -f -`"
        return f"put the change into {self.target.manifest}, then {way}, and run the same command again"


def _read(there: ClusterAccess, endpoint: str) -> dict[str, Document]:
    """Kind → what is there of that name."""
    words = ("get", "deployments,services", f"--field-selector=metadata.name={endpoint}")
    return {one["kind"]: one for one in kubectl_list(there, *words, action=f"reading {endpoint}")}


def _tags(found: Document | None) -> Tags:
    """What a release wrote into the annotations."""
    notes = (found["metadata"].get("annotations") or {}) if found is not None else {}
    return {key.removeprefix(PREFIX): text for key, text in notes.items() if key.startswith(PREFIX)}


def _image_of(found: Document) -> str:
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def _template(there: ClusterAccess, endpoint: str, release: str) -> dict[str, Any] | None:
    """Of the pods that this release ran before; None where it never did, or too long ago."""
    chosen = f"--selector={MANAGED_BY}={MANAGER},{INSTANCE}={endpoint},{RELEASE}={release}"
    listed = kubectl_list(there, "get", "replicasets", chosen, action=f"reading what {endpoint} ran before")
    kept = sorted(listed, key=lambda one: str(one["metadata"]["creationTimestamp"]))
    if not kept:
        return None
    template: dict[str, Any] = kept[-1]["spec"]["template"]
    meta = template["metadata"]
    meta.pop("creationTimestamp", None)
    meta["labels"] = {key: text for key, text in meta["labels"].items() if key != HASH}
    return template


def _apply(there: ClusterAccess, objects: Sequence[Object], dry_run: bool = False) -> None:
    """The Deployment last: its annotations say that all of it is done."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [signed(one) for one in objects]})
    words = ("apply", "--filename=-", *(("--dry-run=server",) if dry_run else ()))
    name = objects[-1]["metadata"]["name"]
    kubectl(there, *words, stdin=listed, action=f"{'a dry run of' if dry_run else 'applying'} the manifest of {name}")


def _changes(there: ClusterAccess, live: Mapping[str, Document]) -> str:
    """What a person did to it since a release applied it, in words; empty where nobody did."""
    if theirs := _applied_by_another(live):
        return theirs
    applied = [one for one in map(last_applied, live.values()) if one is not None]
    return changed_by_hand(there, applied, None) if applied else ""


def _applied_by_another(live: Mapping[str, Document]) -> str:
    kinds = [kind for kind, found in live.items() if is_applied_by_another(found)]
    return f"somebody applied another {' and another '.join(kinds)} with kubectl since then" if kinds else ""


def _may(there: ClusterAccess, right: str) -> bool:
    verb, resource = right.split()
    asked = kubectl(there, "auth", "can-i", verb, resource, action=f"asking whether we may {right}", good=(0, 1))
    return asked.strip() == "yes"
