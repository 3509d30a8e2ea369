"""What a stage stands for, by the blocks that its target names: every kind of target, and what makes it another place."""

from typing import Any

import pytest
from twins import TinyTwin, Twins

from blocks.azure_credential import AzureCredential
from blocks.container_instances import ContainerInstances
from blocks.container_registry import ContainerRegistry
from blocks.kubernetes_cluster import KubernetesCluster
from blocks.workspace import Workspace
from domain.declaration.place import Place
from domain.declaration.stage import Stage
from domain.errors import InvalidDeclaration
from tasks import places, platforms
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.workloads import declared_workload

CREDENTIAL = AzureCredential(kind="managed_identity")
HERE = {"subscription_id": "S", "resource_group": "G", "credential": CREDENTIAL}
GROUP = "/subscriptions/s/resourcegroups/g"
BLOCKS: dict[str, Any] = {
    "images": ContainerRegistry(registry_name="acrImages", **HERE),
    "groups": ContainerInstances(location="westeurope", **HERE),
    "cluster": KubernetesCluster(cluster_name="Aks", namespace="mlops", **HERE),
}
TARGETS = {
    "container_registry": (
        {"kind": "container_registry", "registry": "images"},
        f"{GROUP}/providers/microsoft.containerregistry/registries/acrimages",
        "",
    ),
    "container_instance": ({"kind": "container_instance", "instances": "groups"}, GROUP, ""),
    "helm_release": (
        {"kind": "helm_release", "cluster": "cluster", "chart": "chart"},
        f"{GROUP}/providers/microsoft.containerservice/managedclusters/aks",
        "mlops",
    ),
    "kubernetes_manifest": (
        {"kind": "kubernetes_manifest", "cluster": "cluster"},
        f"{GROUP}/providers/microsoft.containerservice/managedclusters/aks",
        "mlops",
    ),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_every_kind_of_target_has_a_place(
    twins: Twins, tiny: TinyTwin, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "platform_of", real_platform_of)
    for name, block in BLOCKS.items():
        twins.run.save(name, block)
    target, place, namespace = TARGETS[kind]
    found = places.place_of(declared_workload(tiny.name), Stage.model_validate({"name": "there", "target": target}))
    assert (found.id, found.namespace) == (place, namespace)
    assert (found.endpoints is None) == (kind == "container_registry")
    assert str(found) == place + (f", namespace {namespace}" if namespace else "")


real_platform_of = platforms.platform_of


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"subscription_id": "t"},
        {"resource_group": "h"},
        {"workspace_name": "other"},
        {"endpoint_prefix": "x-"},
        {"endpoint_suffix": "-x"},
    ],
    ids=str,
)
def test_every_part_of_where_a_batch_endpoint_is_makes_another_place(
    twins: Twins, tiny: TinyTwin, elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "platform_of", real_platform_of)
    workload = declared_workload(tiny.name)
    before = places.place_of(workload, workload.stage("production"))
    known: Any = twins.run.blocks[Workspace.get_block_type_slug(), "production"]
    twins.run.save("production", known.model_copy(update=elsewhere))
    after = places.place_of(workload, workload.stage("production"))
    assert after != before
    assert after.holds(before) == (next(iter(elsewhere)).startswith("endpoint"))
    assert isinstance(places.platform_of(workload, workload.stage("production").target), BatchEndpoints)  # type: ignore[arg-type]  # it serves


def test_a_stage_without_its_block_has_no_place(twins: Twins, tiny: TinyTwin) -> None:
    del twins.run.blocks[Workspace.get_block_type_slug(), "production"]
    found = places.placed(declared_workload(tiny.name))
    assert [one.place is not None for one in found.stages] == [True, True, False]


def test_names_are_a_set_whatever_their_order_and_case() -> None:
    assert Place.of("/A", endpoints=["b", "a"]) == Place.of("/a", endpoints=["A", "B", "a"])
    assert Place.of("/a", endpoints=["a"]) != Place.of("/a", endpoints=["a", "b"])
    assert Place.of("/a", "n") != Place.of("/a", "N")  # Kubernetes tells them apart


def test_a_place_is_not_declared(twins: Twins, tiny: TinyTwin) -> None:
    tiny.declare(production={"place": {"id": "/subscriptions/s"}})
    with pytest.raises(
        InvalidDeclaration, match="place: is found out when a release begins, not declared; leave it out"
    ):
        declared_workload(tiny.name)
