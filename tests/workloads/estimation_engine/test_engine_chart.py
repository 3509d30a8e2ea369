"""The chart renders to what the stage needs, and refuses values that are not meant."""

from pathlib import Path
from typing import Any

import pytest
import yaml

helm = pytest.importorskip("helm_python", reason="helm-python-sdk is not installed: the chart cannot be rendered")

CHART = Path(__file__).parents[3] / "workloads" / "estimation_engine" / "chart"
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
VALUES: dict[str, Any] = {
    "image": {"repository": "engine.azurecr.io/estimation-engine", "digest": DIGEST},
    "model": {"name": "ames-saleprice", "version": "3", "digest": OTHER},
    "release": "20261121.2",
}


def changed(**change: Any) -> dict[str, Any]:
    """The values with one section's keys changed: `image__digest` is `digest` in `image`."""
    values = {name: dict(value) if isinstance(value, dict) else value for name, value in VALUES.items()}
    for name, value in change.items():
        section, _, key = name.partition("__")
        if key:
            values.setdefault(section, {})[key] = value
        else:
            values[section] = value
    return values


def rendered(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The chart's objects by kind."""
    with helm.Chart.load(str(CHART)) as chart:
        files = chart.render(values, name="engine", namespace="engines")
    objects = [found for text in files.values() for found in yaml.safe_load_all(text) if found]
    return {found["kind"]: found for found in objects}


def test_two_pods_run_the_image_by_its_digest_and_serve_the_released_model() -> None:
    deployment = rendered(VALUES)["Deployment"]
    assert deployment["spec"]["replicas"] == 2
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"engine.azurecr.io/estimation-engine@{DIGEST}"
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    assert told == {"PORT": "8080", "MODEL_NAME": "ames-saleprice", "MODEL_VERSION": "3", "MODEL_DIGEST": OTHER}


def test_a_pod_gets_requests_while_it_is_ready_and_lives_while_it_is_up() -> None:
    [container] = rendered(VALUES)["Deployment"]["spec"]["template"]["spec"]["containers"]
    paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/health", "readiness": "/ready", "liveness": "/health"}


def test_a_pod_may_do_nothing_that_it_need_not() -> None:
    pod = rendered(VALUES)["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "768Mi"}


def test_every_port_says_its_protocol_and_the_service_finds_the_pods() -> None:
    objects = rendered(VALUES)
    [port] = objects["Service"]["spec"]["ports"]
    pods = objects["Deployment"]["spec"]["template"]
    [listening] = pods["spec"]["containers"][0]["ports"]
    assert (port["port"], port["targetPort"], port["protocol"]) == (80, listening["name"], "TCP")
    assert (listening["containerPort"], listening["protocol"]) == (8080, "TCP")
    selector = objects["Service"]["spec"]["selector"]
    assert selector == objects["Deployment"]["spec"]["selector"]["matchLabels"]
    assert selector.items() <= pods["metadata"]["labels"].items()


def test_only_stable_interfaces_that_kubernetes_1_20_has_are_used() -> None:
    assert {kind: one["apiVersion"] for kind, one in rendered(VALUES).items()} == {
        "Deployment": "apps/v1",
        "Service": "v1",
    }


@pytest.mark.parametrize("change", [{"model__digest": DIGEST}, {"model__version": "4"}, {"release": "20261122.1"}])
def test_what_is_released_stands_on_the_pods_so_that_a_change_rolls_them(change: dict[str, str]) -> None:
    before, after = (
        rendered(values)["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        for values in (VALUES, changed(**change))
    )
    assert before == {
        "signalbox/release": "20261121.2",
        "signalbox/model": "ames-saleprice:3",
        "signalbox/model-digest": OTHER,
    }
    assert before != after


def test_secrets_for_the_registry_are_named_where_there_are_some() -> None:
    pod = rendered(changed(imagePullSecrets=["registry"]))["Deployment"]["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert "imagePullSecrets" not in rendered(VALUES)["Deployment"]["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"image__digest": "latest"}, "/image/digest"),
        ({"image__repository": "engine.azurecr.io/engine:3"}, "/image/repository"),
        ({"image__repository": ""}, "/image/repository"),
        ({"image__tag": "3"}, "/image"),
        ({"model__digest": "sha256:abc"}, "/model/digest"),
        ({"model__version": "3; rm"}, "/model/version"),
        ({"model__version": 3}, "/model/version"),
        ({"release": "newest"}, "/release"),
        ({"replicas": 0}, "/replicas"),
        ({"replicas": "2"}, "/replicas"),
        ({"service__port": 70000}, "/service/port"),
        ({"resources__limits": {"cpu": "lots", "memory": "1Gi"}}, "/resources/limits/cpu"),
        ({"replica": 3}, "replica"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        rendered(changed(**change))
    assert place in str(refused.value).replace(".", "/")


def test_without_a_release_nothing_is_rendered() -> None:
    with pytest.raises(helm.HelmError, match="release"):
        rendered({})
