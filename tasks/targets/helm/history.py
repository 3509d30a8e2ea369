"""A Helm release's history: what serves, what leads back, and what a person did to it.

A revision is a release's own where its label REVISION is its number, or where it is a copy of the revision of that number: `helm
rollback` makes those, whoever types it. Any other is a person's work.
"""

from dataclasses import dataclass
from itertools import takewhile

from domain.rollout.deployment_history import ROLLED_BACK_FROM, Tags, chain, fence_of, serving_tag
from tasks.targets.helm.client import DEPLOYED, Revision, revisions
from tasks.targets.kubernetes.access import ChangedByHandError, ClusterAccess
from tasks.targets.kubernetes.objects import Document, changed_by_hand, documents, dry_run_apply

TAGS = "signalbox"
"""The key in the values under which a release says what it is."""
REVISION, FENCE = "signalbox-revision", "signalbox-fence"
"""Labels of a revision: its number, and the fencing token of whoever made it."""
OWNER = "helm"
"""Who Kubernetes says set a release's fields."""


@dataclass(frozen=True)
class History:
    """Revisions, newest first; none where nothing is installed. name: of the Helm release."""

    name: str
    revisions: tuple[Revision, ...]

    @classmethod
    def read(cls, access: ClusterAccess, name: str) -> "History":
        """As it is now."""
        return cls(name, revisions(access, name))

    @property
    def newest(self) -> Revision | None:
        """None where nothing is installed."""
        return self.revisions[0] if self.revisions else None

    @property
    def applied(self) -> Revision | None:
        """What Helm applied last, to the end; None where nothing of it is there.

        A rollback that fails, and an upgrade that dies between two writes, leave none that is called deployed.
        """
        there = list(takewhile(lambda one: not one.gone, self.revisions))
        deployed = next((one for one in there if one.status == DEPLOYED), None)
        return deployed or next((one for one in there if one.worked), None)

    @property
    def settled(self) -> bool:
        """Whether nothing came after what was applied, so that Helm takes an upgrade: it fails or is under way else."""
        return self.newest is self.applied

    @property
    def tags(self) -> Tags:
        """Of what was applied."""
        return tags_of_revision(self.applied) if self.applied is not None else {}

    @property
    def newest_tags(self) -> Tags:
        """Of what somebody put there last, whether it was applied or failed."""
        return tags_of_revision(self.newest) if self.newest is not None else {}

    @property
    def serving(self) -> str | None:
        """The deployment that was applied; None where no release made it."""
        return serving_tag(self.tags)

    @property
    def fence(self) -> int:
        """The highest that somebody held who made a revision."""
        return max((self._fence_of(one) for one in self.revisions), default=0)

    @property
    def next_number(self) -> int:
        """Of the next revision."""
        return self.newest.number + 1 if self.newest is not None else 1

    def rollback_revision(self, deployment: str) -> Revision | None:
        """The newest revision with which that served, where it serves or served before; None where the history has none.

        What is none of these is on its way up, and gets the chart of now.
        """
        served = (one for one in self.revisions if one.worked and deployment in chain(self.tags))
        return next((one for one in served if serving_tag(tags_of_revision(one)) == deployment), None)

    @property
    def is_rolled_back(self) -> bool:
        """Whether a rollback made what serves: it is a copy of what served before, or says so itself where that was gone."""
        copied = any(tags_of_revision(one) == self.tags for one in self.revisions if one is not self.applied)
        return self.serving is not None and (copied or ROLLED_BACK_FROM in self.tags)

    def changes(self, access: ClusterAccess) -> str:
        """What a person did to it since a release made it, in words; empty where nobody did."""
        newest = self.newest
        if newest is None:
            return ""
        if not self._is_own(newest):
            return f"revision {newest.number} was made by a person ({newest.description}, {newest.at})"
        if not self.settled:
            return ""  # half of it may be applied
        return changed_by_hand(access, self._objects(newest, access.namespace), OWNER)

    def refuse_changes(self, access: ClusterAccess) -> None:
        """ChangedByHandError where going on would undo a person's work."""
        if theirs := self.changes(access):
            raise ChangedByHandError(
                f"{self.name} in {access.place} was changed by hand, and that would be lost: {theirs}. Nothing was touched. "
                f"{self.advice.capitalize()}"
            )

    def refuse_conflicts(self, access: ClusterAccess, to: Revision) -> None:
        """ChangedByHandError where a revision sets fields that somebody else set since; asked of the cluster, nothing is touched."""
        try:
            dry_run_apply(access, self._objects(to, access.namespace), OWNER)
        except ChangedByHandError as error:
            raise ChangedByHandError(
                f"{self.name} cannot be rolled back to revision {to.number}, which would undo a person's work: {error}. Nothing was "
                f"touched. Undo that, or overwrite it with `helm rollback {self.name} {to.number} --force-conflicts`, and run the "
                "same command again"
            ) from None

    @property
    def advice(self) -> str:
        """What to do about changes: where a release's own revision is still there, a rollback to it."""
        own = next((one for one in self.revisions if one.worked and self._is_own(one) and TAGS in one.values), None)
        way = f"undo it with `helm rollback {self.name} {own.number} --force-conflicts`" if own else "uninstall it"
        return f"put the change into the chart, then {way}, and run the same command again"

    def _fence_of(self, revision: Revision) -> int:
        return fence_of(revision.labels.get(FENCE), f"label {FENCE} of {secret_of(self.name, revision.number)}")

    def _is_own(self, revision: Revision) -> bool:
        number = revision.labels.get(REVISION)
        if number == str(revision.number):
            return True
        origin = next((one for one in self.revisions if str(one.number) == number), None)
        return origin is not None and (origin.manifest, origin.values) == (revision.manifest, revision.values)

    def _objects(self, revision: Revision, namespace: str) -> list[Document]:
        """As Helm applies them."""
        return [self._as_applied(one, namespace) for one in documents(revision.manifest)]

    def _as_applied(self, document: Document, namespace: str) -> Document:
        """With what Helm itself adds."""
        meta = document["metadata"]
        labels = {**(meta.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
        notes = {"meta.helm.sh/release-name": self.name, "meta.helm.sh/release-namespace": namespace}
        annotations = {**(meta.get("annotations") or {}), **notes}
        return {**document, "metadata": {**meta, "labels": labels, "annotations": annotations}}


def secret_of(name: str, number: int) -> str:
    """Where Helm keeps a revision, in kubectl's words."""
    return f"secret/sh.helm.release.v1.{name}.v{number}"


def tags_of_revision(revision: Revision) -> Tags:
    """What a release wrote into its values."""
    found = revision.values.get(TAGS)
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}
