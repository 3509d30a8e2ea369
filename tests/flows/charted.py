"""A workload of one circuit whose production is a Helm release in a namespace of its own."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from served import SMOKE, Served

from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from tasks.platforms import platform_of
from tasks.targets.helm.client import Revision, revisions
from tasks.targets.helm.target import HelmReleases
from tasks.targets.kubernetes.access import access
from tasks.targets.kubernetes.kubectl import kubectl_json, port_forward
from tasks.targets.kubernetes.rollout_status import why_not_ready
from tasks.workloads import declared_workload

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\ncommand: [python, app.py]\n",
    "templates/all.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  strategy: {rollingUpdate: {maxUnavailable: 0}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: service
          image: "{{ .Values.image.repository }}@{{ .Values.image.digest }}"
          command: {{ toJson .Values.command }}
          env:
            - {name: MODEL_VERSION, value: {{ .Values.model.version | quote }}}
          ports:
            - {containerPort: 8080, protocol: TCP}
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
            periodSeconds: 1
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {app: {{ .Release.Name }}}
  ports:
    - {port: 80, targetPort: 8080, protocol: TCP}
""",
}
SECONDS = 20
"""Until its pods are ready, or the smoke test fails."""
READY_SECONDS = 120
"""For pods that no smoke test waited for, on a busy machine."""


@dataclass
class Charted(Served):
    """`declare` takes the chart's files, too."""

    cluster: str = "charted"

    def declare(self, chart: Mapping[str, str] = CHART, **more: Any) -> None:  # type: ignore[override]
        """Files of the chart over those that there are always."""
        for name, text in {**CHART, **chart}.items():
            file = self.folder / "chart" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        super().declare(**more)

    def declared_stages(
        self, hours: float | None, notify: tuple[str, ...], ready_minutes: float
    ) -> list[Mapping[str, Any]]:
        smoke = {**deepcopy(SMOKE), "ready_minutes": SECONDS / 60}
        target = {"kind": "helm_release", "cluster": self.cluster, "chart": "chart"}
        return [{"name": "production", "target": target, "confirmation": {"smoke": smoke}}]

    def releases(self) -> HelmReleases:
        """Where it serves."""
        declared = declared_workload(self.name)
        found = platform_of(declared, declared.stage("production").target)  # type: ignore[arg-type]  # it serves
        assert isinstance(found, HelmReleases)
        return found

    @property
    def endpoint(self) -> str:
        """Of its one circuit."""
        return self.releases().endpoint(self.units()[0])

    def history(self) -> tuple[Revision, ...]:
        """Newest first."""
        with access(self.block) as there:
            return revisions(there, self.endpoint)

    def ask_production(self) -> dict[str, Any]:
        """What it answers there, once its pods are ready: a switch alone does not wait for them."""
        with access(self.block) as there:
            assert why_not_ready(there, f"deployment/{self.endpoint}", READY_SECONDS) == ""
            with port_forward(there, f"service/{self.endpoint}", 80) as address:
                found: dict[str, Any] = requests.post(f"{address}/ask", data="{}", timeout=10).json()
        return found

    def live(self) -> Any:
        """Its Deployment, as the cluster has it."""
        with access(self.block) as there:
            return kubectl_json(there, "get", "deployment", self.endpoint)

    @property
    def block(self) -> KubernetesCluster:
        """The cluster and the namespace."""
        return loaded(KubernetesCluster, self.cluster)


def write_values(folder: Path, text: str) -> None:
    """The chart's own values."""
    (folder / "chart" / "values.yaml").write_text(text)
