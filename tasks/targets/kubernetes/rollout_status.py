"""Whether what runs pods has replaced them all, and if not, why not."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.targets.kubernetes.access import ClusterAccess
from tasks.targets.kubernetes.kubectl import kubectl_json
from tasks.targets.pauses import pauses

LOOK_AGAIN_SECONDS = 1.0
"""In the end; at first sooner."""
BACK_SECONDS = 120.0
"""For pods that ran before to be ready again."""
SHOWN = 3
"""Reasons of pods."""
WORDS = 240
"""Characters of a reason."""


def why_not_ready(access: ClusterAccess, name: str, seconds: float) -> str:
    """Wait until `deployment/name` has replaced its pods and they are ready; empty then, else what they say of themselves."""
    deadline, waits = time.monotonic() + seconds, pauses(LOOK_AGAIN_SECONDS)
    while True:
        found = kubectl_json(access, "get", name, action=f"reading {name}")
        if found is not None and is_rolled_out(found):
            return ""
        if time.monotonic() > deadline:
            return f"{name} is gone" if found is None else _why(access, name, found)
        time.sleep(next(waits))


def is_rolled_out(found: Mapping[str, Any]) -> bool:
    """By the status of a Deployment, StatefulSet or DaemonSet."""
    status, spec = found.get("status", {}), found["spec"]
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return False
    if found["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) >= wanted <= status.get("numberAvailable", 0))
    wanted = spec.get("replicas", 1)
    ready = status.get("availableReplicas" if found["kind"] == "Deployment" else "readyReplicas", 0)
    return bool(status.get("updatedReplicas", 0) >= wanted <= ready and status.get("replicas", 0) <= wanted)


def _why(access: ClusterAccess, name: str, found: Mapping[str, Any]) -> str:
    labels = found["spec"]["selector"].get("matchLabels", {})
    chosen = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = kubectl_json(access, "get", "pods", f"--selector={chosen}", action=f"reading the pods of {name}")
    events = kubectl_json(access, "get", "events", "--field-selector=type=Warning", action=f"reading events of {name}")
    warned = {one["involvedObject"].get("name", ""): one for one in sorted((events or {}).get("items", ()), key=_when)}
    listed = sorted(
        (pods or {}).get("items", ()), key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True
    )
    reasons = [
        f"{pod['metadata']['name']}: {', '.join(_reasons(pod, warned.get(pod['metadata']['name'])))}"
        for pod in listed
        if not _is_ready(pod)
    ]
    told = [one["message"] for one in found.get("status", {}).get("conditions", ()) if one["status"] == "False"]
    return f"{name} is not ready: {'; '.join([*reasons[:SHOWN], *told][:SHOWN]) or 'it has no pods yet'}"


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _reasons(pod: Mapping[str, Any], warning: Mapping[str, Any] | None) -> Iterator[str]:
    """What its containers wait for, how they ended last, and the last thing that was warned of."""
    status = pod.get("status", {})
    for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting, ended = one.get("state", {}).get("waiting"), one.get("lastState", {}).get("terminated")
        if waiting:
            yield _cut(f"{waiting.get('reason', 'waiting')} {waiting.get('message', '')}")
        if ended:
            yield _cut(
                f"ended with code {ended.get('exitCode')} ({ended.get('reason', '')}) {ended.get('message', '')}"
            )
    if warning is not None:
        yield _cut(f"{warning.get('reason', '')}: {warning.get('message', '')}")
    elif not status.get("containerStatuses"):
        yield str(status.get("phase", "unknown"))


def _when(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _cut(text: str) -> str:
    return " ".join(text.split())[:WORDS]
