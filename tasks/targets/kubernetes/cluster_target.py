"""The base of targets that are pods of a Kubernetes cluster, behind a Service: Helm releases and manifests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from blocks.kubernetes_cluster import KubernetesCluster
from domain.errors import Terminal
from domain.naming import Naming
from domain.unit import Unit
from domain.verification.http_smoke import HttpEvidence, HttpSmokeTest
from domain.verification.smoke import SmokeVerdict
from tasks.targets.http_smoke import send_request
from tasks.targets.images.build import Image
from tasks.targets.kubernetes.access import ClusterAccess
from tasks.targets.kubernetes.kubectl import port_forward
from tasks.targets.kubernetes.rollout_status import BACK_SECONDS, why_not_ready
from tasks.targets.service_target import ServiceTarget


@dataclass(frozen=True)
class ClusterTarget(ServiceTarget):
    """What they have in common beyond a `ServiceTarget`."""

    cluster: KubernetesCluster

    @property
    def place(self) -> str:
        """Cluster and namespace."""
        return f"{self.cluster.cluster_name}/{self.cluster.namespace}"

    def prepare(self) -> None:
        """Circuits share nothing; who made the namespace gave us the rights in it."""

    @property
    def _naming(self) -> Naming:
        return self.workload.naming(self.cluster.prefix, self.cluster.suffix)

    def _pulled_from(self, image: Image) -> str:
        return f"{self.cluster.image_registry or image.registry}/{image.repository}"

    def _asked(
        self,
        there: ClusterAccess,
        test: HttpSmokeTest,
        unit: Unit,
        serving: str,
        at: tuple[str, int],
        pods: Iterable[str],
    ) -> SmokeVerdict:
        """Once its pods are replaced and ready, over HTTP through a port-forward. at: its Service and port. pods: `kind/name` of what runs them."""
        where, version, began = f"{at[0]} in {self.place}", self._images.version(unit, serving), time.monotonic()
        for name in pods:
            if why := why_not_ready(there, name, test.ready_minutes * 60 - (time.monotonic() - began)):
                return test.verdict(HttpEvidence.unready(unit, where, version, time.monotonic() - began, why))
        with port_forward(there, *at) as address:
            seen = send_request(test, self.workload.folder, self._service.ready, unit, address, version)
        return test.verdict(seen.model_copy(update={"address": where}))

    @staticmethod
    def _wait_until_back(there: ClusterAccess, endpoint: str, deployment: str | None, pods: Iterable[str]) -> None:
        """After a rollback; Terminal where its pods do not get ready."""
        for name in pods:
            if why := why_not_ready(there, name, BACK_SECONDS):
                raise Terminal(
                    f"{endpoint} was rolled back to {deployment}, which ran before but does not run now: {why}. Run the same command again "
                    "once that is fixed"
                )
