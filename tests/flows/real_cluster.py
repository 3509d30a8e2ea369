"""The cluster that KUBECONFIG names, and namespaces of it that are a test's own."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded

KUBECONFIG, PROGRAM = os.environ.get("KUBECONFIG", ""), shutil.which("kubectl") or ""
WHY = "needs a Kubernetes cluster: KUBECONFIG names none" if not KUBECONFIG else "needs kubectl"
needs_cluster = [pytest.mark.cluster, pytest.mark.skipif(not Path(KUBECONFIG).is_file() or not PROGRAM, reason=WHY)]


def kubectl_as_admin(*words: str, stdin: str = "") -> str:
    """What it prints."""
    done = subprocess.run(
        [PROGRAM, "--kubeconfig", KUBECONFIG, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def own_namespace(prefix: str) -> Iterator[str]:
    """Gone afterwards, with all in it."""
    name = f"{prefix}-{uuid.uuid4().hex[:8]}"
    kubectl_as_admin("create", "namespace", name)
    try:
        yield name
    finally:
        kubectl_as_admin("delete", "namespace", name, "--wait=false")


@contextmanager
def no_more(namespace: str, kind: str) -> Iterator[None]:
    """Inside, the API server refuses whatever would be another one. kind: pods or services.

    It asks only quotas that their controller has counted, and a busy controller takes a while.
    """
    kubectl_as_admin("-n", namespace, "create", "quota", "none", f"--hard={kind}=0")
    try:
        until = time.monotonic() + 60
        while "used" not in kubectl_as_admin("-n", namespace, "get", "quota", "none", "-o", "jsonpath={.status}"):
            assert time.monotonic() < until, f"the quota of {kind} in {namespace} was not counted within 60 s"
            time.sleep(0.2)
        time.sleep(0.5)  # the API server is told of it, and says to nobody when it knows
        yield
    finally:
        kubectl_as_admin("-n", namespace, "delete", "quota", "none")


def save_cluster(name: str, **changes: str) -> None:
    """A block like `production`, with these changes. Never a copy of it: that would be saved in its place, under both names."""
    like = loaded(KubernetesCluster, "production")
    settings = {field: getattr(like, field) for field in KubernetesCluster.model_fields}
    KubernetesCluster(**{**settings, **changes}).save(name, overwrite=True)


def unreachable(file: Path) -> Path:
    """A kubeconfig of a cluster at a port where nothing listens."""
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    file.write_text(yaml.safe_dump(document))
    return file


def of_service_account(file: Path, namespace: str, verbs: str = "get,list") -> Path:
    """A kubeconfig of somebody who may do this much with pods there, and nothing else."""
    name = "restricted"
    kubectl_as_admin("-n", namespace, "create", "serviceaccount", name)
    kubectl_as_admin("-n", namespace, "create", "role", name, f"--verb={verbs}", "--resource=pods")
    who = f"--serviceaccount={namespace}:{name}"
    kubectl_as_admin("-n", namespace, "create", "rolebinding", name, f"--role={name}", who)
    secret = kubectl_as_admin("-n", namespace, "get", "serviceaccount", name, "-o", "jsonpath={.secrets[0].name}")
    token = kubectl_as_admin(
        "-n", namespace, "get", "secret", secret, "-o", "go-template={{.data.token | base64decode}}"
    )
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    document["users"] = [{"name": name, "user": {"token": token}}]
    document["contexts"][0]["context"]["user"] = name
    file.write_text(yaml.safe_dump(document))
    return file
