"""A workload of one circuit whose production is a manifest in a namespace of its own."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import requests
from page_manifest import MANIFEST
from served import SMOKE, Served

from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from tasks.platforms import platform_of
from tasks.targets.kubernetes.access import access
from tasks.targets.kubernetes.kubectl import kubectl_json, port_forward
from tasks.targets.kubernetes.rollout_status import why_not_ready
from tasks.targets.manifest.target import KubernetesManifests
from tasks.workloads import declared_workload

SECONDS = 20
"""Until its pods are ready, or the smoke test fails."""
READY_SECONDS = 120
"""For pods that no smoke test waited for, on a busy machine."""


@dataclass
class Applied(Served):
    """`declare` takes the manifest, too."""

    cluster: str = "applied"

    def declare(self, manifest: str = MANIFEST, **more: Any) -> None:  # type: ignore[override]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "deployment.yaml").write_text(manifest)
        super().declare(**more)

    def declared_stages(
        self, hours: float | None, notify: tuple[str, ...], ready_minutes: float
    ) -> list[Mapping[str, Any]]:
        smoke = {**deepcopy(SMOKE), "ready_minutes": SECONDS / 60}
        target = {"kind": "kubernetes_manifest", "cluster": self.cluster}
        return [{"name": "production", "target": target, "confirmation": {"smoke": smoke}}]

    def manifests(self) -> KubernetesManifests:
        """Where it serves."""
        declared = declared_workload(self.name)
        found = platform_of(declared, declared.stage("production").target)  # type: ignore[arg-type]  # it serves
        assert isinstance(found, KubernetesManifests)
        return found

    @property
    def endpoint(self) -> str:
        """Of its one circuit."""
        return self.manifests().endpoint(self.units()[0])

    @property
    def block(self) -> KubernetesCluster:
        """The cluster and the namespace."""
        return loaded(KubernetesCluster, self.cluster)

    def live(self, kind: str = "deployment") -> Any:
        """As the cluster has it; None where it has not."""
        with access(self.block) as there:
            return kubectl_json(there, "get", kind, self.endpoint)

    def ask_production(self) -> dict[str, Any]:
        """What it answers there, once its pods are ready: a switch alone does not wait for them."""
        with access(self.block) as there:
            assert why_not_ready(there, f"deployment/{self.endpoint}", READY_SECONDS) == ""
            with port_forward(there, f"service/{self.endpoint}", 80) as address:
                found: dict[str, Any] = requests.post(f"{address}/ask", data="{}", timeout=10).json()
        return found
