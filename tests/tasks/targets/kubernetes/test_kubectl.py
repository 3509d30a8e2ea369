"""kubectl on a real cluster: what it prints, what it refuses, and a way to a port."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from real_cluster import KUBECONFIG, kubectl_as_admin, needs_cluster, of_service_account, own_namespace, unreachable

from domain.errors import Terminal, Transient
from tasks.targets.kubernetes.access import ClusterAccess
from tasks.targets.kubernetes.kubectl import kubectl, kubectl_json, port_forward

pytestmark = needs_cluster


@pytest.fixture(scope="module")
def access() -> Iterator[ClusterAccess]:
    with own_namespace("helm-kubectl") as namespace:
        yield ClusterAccess(Path(KUBECONFIG), namespace, f"here/{namespace}")


def test_what_it_prints_and_what_is_not_there(access: ClusterAccess) -> None:
    assert kubectl(access, "create", "configmap", "one", "--from-literal=a=1").strip() == "configmap/one created"
    assert kubectl_json(access, "get", "configmap", "one")["data"] == {"a": "1"}
    assert kubectl_json(access, "get", "configmap", "two") is None


def test_what_the_cluster_refuses_is_final_and_says_why(access: ClusterAccess, tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"refused reading what is there: .*doesn't have a resource type"):
        kubectl(access, "get", "nonsense", action="reading what is there")
    with own_namespace("helm-restricted") as empty:
        restricted = ClusterAccess(of_service_account(tmp_path / "theirs", empty), empty, "theirs")
        assert kubectl_json(restricted, "get", "pods") is None
        with pytest.raises(Terminal, match=r"secrets is forbidden.*Ask its administrators for a role"):
            kubectl(restricted, "get", "secrets")


def test_a_cluster_that_cannot_be_reached_may_be_later(access: ClusterAccess, tmp_path: Path) -> None:
    gone = ClusterAccess(unreachable(tmp_path / "gone"), access.namespace, "gone")
    with pytest.raises(Transient, match=r"gone could not be reached while reading pods: .*127.0.0.1:1"):
        kubectl(gone, "get", "pods", action="reading pods")
    with pytest.raises(Transient), port_forward(gone, "service/one", 80):
        pass


@pytest.fixture(scope="module")
def page(access: ClusterAccess) -> str:
    """A pod that answers at its port 8080."""
    words = ["run", "page", "--image=python:3.11-slim", "--image-pull-policy=IfNotPresent", "--restart=Never"]
    kubectl_as_admin("-n", access.namespace, *words, "--", "python3", "-m", "http.server", "8080")
    kubectl_as_admin("-n", access.namespace, "wait", "--for=condition=Ready", "pod/page", "--timeout=60s")
    kubectl_as_admin("-n", access.namespace, "exec", "page", "--", "python3", "-c", SEEN)
    return "pod/page"


def test_a_port_is_reached_and_the_way_ends(access: ClusterAccess, page: str) -> None:
    with port_forward(access, page, 8080) as address:
        assert requests.get(address, timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(address, timeout=2)
    refusal = pytest.raises(Terminal, match=r"refused forwarding a port to pod/nobody: .*not found")
    with refusal, port_forward(access, "pod/nobody", 80):
        pass


def test_a_way_to_a_port_ends_with_whoever_is_killed(access: ClusterAccess, page: str) -> None:
    words = [sys.executable, "-c", FORWARDS, str(access.kubeconfig), access.namespace, page]
    with subprocess.Popen(words, cwd=Path(__file__).parents[4], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert requests.get(address, timeout=10).status_code == 200
        process.kill()
    time.sleep(1)
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(address, timeout=2)


FORWARDS = """
import sys, time
from pathlib import Path
from tasks.targets.kubernetes.access import ClusterAccess
from tasks.targets.kubernetes.kubectl import port_forward
with port_forward(ClusterAccess(Path(sys.argv[1]), sys.argv[2], "here"), sys.argv[3], 8080) as address:
    print(address, flush=True)
    time.sleep(600)
"""
"""As a worker does while it asks a pod."""
SEEN = """
import time, urllib.request
for _ in range(100):
    try:
        urllib.request.urlopen("http://127.0.0.1:8080", timeout=1)
        break
    except OSError:
        time.sleep(0.1)
"""
"""Waits until it answers in its pod."""
