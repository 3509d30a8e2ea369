"""What a manifest has to say, with the line where it does not; and what a release sets in it."""

from pathlib import Path

import pytest
from page_manifest import MANIFEST

from domain.errors import InvalidDeclaration
from domain.parsing.kubernetes_manifest import Filling, Manifest, read_manifest

FILLING = Filling("app-p-a1", "20261122.1", "images/p@sha256:1", {"MODEL_VERSION": "7"}, {"release_id": "20261122.1"})


def read(folder: Path, text: str, port: int = 8080) -> Manifest:
    (folder / "deployment.yaml").write_text(text)
    return read_manifest(folder / "deployment.yaml", port)


def test_a_release_sets_names_image_environment_labels_and_annotations_and_nothing_else(tmp_path: Path) -> None:
    service, deployment = read(tmp_path, MANIFEST).filled(FILLING)
    assert service["metadata"]["name"] == deployment["metadata"]["name"] == "app-p-a1"
    assert deployment["metadata"]["annotations"] == {"signalbox/release_id": "20261122.1"}
    pods = deployment["spec"]["template"]
    [container] = pods["spec"]["containers"]
    assert container["image"] == "images/p@sha256:1"
    assert container["env"] == [{"name": "GREETING", "value": "hello"}, {"name": "MODEL_VERSION", "value": "7"}]
    assert container["command"] == ["python", "app.py"]
    for selector in (service["spec"]["selector"], deployment["spec"]["selector"]["matchLabels"]):
        assert selector == {"app": "page", "app.kubernetes.io/instance": "app-p-a1"}
        assert selector.items() <= pods["metadata"]["labels"].items()
    assert pods["metadata"]["labels"]["signalbox/release"] == "20261122.1"


def test_two_circuits_share_a_manifest_and_nothing_in_the_cluster(tmp_path: Path) -> None:
    manifest = read(tmp_path, MANIFEST)
    one, other = (manifest.filled(Filling(name, "1", "i", {}, {})) for name in ("app-p-a1", "app-p-b2"))
    assert one[0]["metadata"]["name"] != other[0]["metadata"]["name"]
    assert one[0]["spec"]["selector"] != other[0]["spec"]["selector"]
    assert manifest.filled(FILLING) == read(tmp_path, MANIFEST).filled(FILLING)  # the document itself is as it was read


def test_pods_of_before_are_run_as_they_were(tmp_path: Path) -> None:
    template = {"metadata": {"labels": {"app": "page"}}, "spec": {"containers": []}}
    _, deployment = read(tmp_path, MANIFEST).filled(Filling("n", "1", "i", {"A": "1"}, {}, template))
    assert deployment["spec"]["template"] == template


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("kind: Service", "kind: ConfigMap", "deployment.yaml:31: kind: is v1 ConfigMap; only one Deployment"),
        ("apiVersion: apps/v1", "apiVersion: apps/v1beta1", "deployment.yaml:3: kind: is apps/v1beta1 Deployment;"),
        ("kind: Service", "kind: Deployment", "deployment.yaml:31: kind: is v1 Deployment"),
        (
            "\n  name: page\nspec:\n  replicas",
            "\n  name: a\nspec:\n  replicas",
            "deployment.yaml:33: metadata.name: must be the",
        ),
        (
            "\n  name: page\nspec:\n  sel",
            "\n  name: page\n  namespace: x\nspec:\n  sel",
            "deployment.yaml:34: metadata.namespace: is",
        ),
        ("selector: {app: page}", "selector: {app: other}", "deployment.yaml:35: spec.selector: must select"),
        ("matchLabels: {app: page}", "matchLabels: {}", "deployment.yaml:9: spec.selector.matchLabels: must select"),
        (
            "          readinessProbe:\n            httpGet: {path: /ready, port: 8080}\n            periodSeconds: 1\n",
            "",
            "needs a readinessProbe",
        ),
        ("containerPort: 8080", "containerPort: 80", "containers[0].ports: none is 8080"),
        (
            "        - name: service\n",
            "        - name: other\n          image: x\n        - name: service\n",
            "must be one container",
        ),
        ("replicas: 1", "replicas: 1\n  replicas: 2", "deployment.yaml:8: spec.replicas: appears a second time"),
        ("replicas: 1", "replicas: [", "deployment.yaml:9: not YAML"),
        ("labels: {app: page}", "labels: &page {app: page}\n    x: *page", "the alias *page is not allowed"),
    ],
)
def test_a_fault_is_said_with_its_line(tmp_path: Path, written: str, instead: str, fault: str) -> None:
    assert written in MANIFEST
    with pytest.raises(InvalidDeclaration) as refused:
        read(tmp_path, MANIFEST.replace(written, instead, 1))
    assert fault in str(refused.value)


def test_every_kind_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDeclaration, match=r"(?s)has no Deployment.*has no Service"):
        read(tmp_path, "# nothing\n---\n")
