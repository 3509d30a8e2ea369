"""What a person changed of what was deployed is found, on a real cluster; each kind of it, and nothing where nobody changed any."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from page_manifest import MANIFEST
from real_cluster import KUBECONFIG, kubectl_as_admin, needs_cluster, own_namespace

from tasks.targets.kubernetes.access import ClusterAccess
from tasks.targets.kubernetes.kubectl import kubectl, kubectl_list
from tasks.targets.kubernetes.objects import Document, changed_by_hand
from tasks.targets.manifest.last_applied import SIGNED, is_applied_by_another, last_applied, signed

pytestmark = needs_cluster
OBJECTS = list(yaml.safe_load_all(MANIFEST.replace("  replicas: 1", "  replicas: 0")))
LIMITS = {"cpu": 1.0, "memory": "64Mi"}
"""A float that kubectl writes as 1."""
OBJECTS[0]["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": LIMITS, "requests": {"cpu": 0.1}}


@pytest.fixture(scope="module")
def access() -> Iterator[ClusterAccess]:
    with own_namespace("by-hand") as namespace:
        yield ClusterAccess(Path(KUBECONFIG), namespace, f"here/{namespace}")


@pytest.fixture
def applied(access: ClusterAccess) -> None:
    """By a release, anew for each test."""
    kubectl(access, "delete", "deployments,services", "--all")
    _apply(access, [signed(one) for one in OBJECTS])


def _apply(access: ClusterAccess, objects: list[Any]) -> None:
    kubectl(access, "apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def live(access: ClusterAccess) -> list[Document]:
    return kubectl_list(access, "get", "deployments,services")


def changes(access: ClusterAccess) -> str:
    """As `kubectl apply` was used."""
    return changed_by_hand(access, [one for one in map(last_applied, live(access)) if one is not None], None)


@pytest.mark.usefixtures("applied")
def test_what_nobody_changed_is_as_it_was_applied(access: ClusterAccess) -> None:
    assert [is_applied_by_another(one) for one in live(access)] == [False, False]
    assert changes(access) == ""
    kubectl(access, "delete", "service", "page")
    assert changes(access) == ""  # it would be made again


@pytest.mark.usefixtures("applied")
def test_a_field_that_a_person_removed_is_found(access: ClusterAccess) -> None:
    kubectl_as_admin("-n", access.namespace, "set", "env", "deployment/page", "GREETING-")
    assert "page is missing - name: GREETING, value: hello" in changes(access)


@pytest.mark.usefixtures("applied")
def test_an_edited_copy_that_a_person_applied_is_found_and_can_be_given_up(access: ClusterAccess) -> None:
    words = ("-n", access.namespace)
    copy = kubectl_as_admin(*words, "get", "deployment", "page", "-o", "yaml").replace("value: hello", "value: bonjour")
    kubectl_as_admin(*words, "apply", "-f", "-", stdin=copy)
    assert "bonjour" in json.dumps(live(access))
    assert {one["kind"]: is_applied_by_another(one) for one in live(access)} == {"Deployment": True, "Service": False}
    kubectl_as_admin(*words, "annotate", "deployment,service", "page", f"{SIGNED}-")
    assert not any(is_applied_by_another(one) for one in live(access))
    assert changes(access) == ""
    _apply(access, [signed(one) for one in OBJECTS])
    assert "bonjour" not in json.dumps(live(access))
    assert SIGNED in live(access)[0]["metadata"]["annotations"]
    assert not any(is_applied_by_another(one) for one in live(access))


@pytest.mark.usefixtures("applied")
def test_the_line_that_undoes_an_edit_leaves_it_as_it_was_applied(access: ClusterAccess) -> None:
    words = ("-n", access.namespace)
    kubectl_as_admin(*words, "label", "service", "page", "mine=1")
    assert changes(access) == ""  # a label that no release sets is theirs
    kubectl_as_admin(*words, "set", "env", "deployment/page", "GREETING=bonjour")
    assert "has value: bonjour" in changes(access)
    told = kubectl_as_admin(*words, "apply", "view-last-applied", "deployment,service", "page", "-o", "json")
    kubectl_as_admin(*words, "apply", "-f", "-", stdin=told)
    assert changes(access) == ""
    assert not any(is_applied_by_another(one) for one in live(access))


@pytest.mark.usefixtures("applied")
def test_an_object_replaced_without_what_was_applied_is_found(access: ClusterAccess) -> None:
    words = ("-n", access.namespace)
    kubectl_as_admin(*words, "annotate", "deployment", "page", "kubectl.kubernetes.io/last-applied-configuration-")
    assert any(is_applied_by_another(one) for one in live(access))


def test_what_a_person_removed_of_what_helm_applied_is_found(access: ClusterAccess) -> None:
    kubectl(access, "delete", "deployments,services", "--all")
    objects = [one for one in yaml.safe_load_all(MANIFEST) if one["kind"] == "Deployment"]
    words = ("apply", "--server-side", "--field-manager=helm", "--filename=-")
    kubectl(access, *words, stdin=json.dumps(objects[0]))
    assert changed_by_hand(access, objects, "helm") == ""
    kubectl_as_admin("-n", access.namespace, "set", "env", "deployment/page", "GREETING-")
    assert "page is missing - name: GREETING, value: hello" in changed_by_hand(access, objects, "helm")
    kubectl(access, "delete", "deployment", "page")
    assert changed_by_hand(access, objects, "helm") == ""
