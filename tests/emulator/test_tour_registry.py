"""The unmodified SDK over registries: found by name, shared into, read from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential

from emulator.control_client import Control

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
REGISTRIES = "/resourceGroups/shared-rg/providers/Microsoft.MachineLearningServices/registries"
Arm = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def ws(make_ml: "Callable[[str], MLClient]") -> "MLClient":
    return make_ml("tour-registry")


@pytest.fixture(scope="module")
def registry(arm: Arm, credential: ClientSecretCredential) -> "Iterator[MLClient]":
    """A client of the registry `tour`, which lives in another resource group than the workspaces."""
    from azure.ai.ml import MLClient

    place = f"/subscriptions/{SUBSCRIPTION}{REGISTRIES}/tour"
    assert arm("PUT", place, json={"location": "westeurope", "properties": {}}).status_code == 201
    yield MLClient(credential, registry_name="tour")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "trained"
    (place / "inner").mkdir(parents=True)
    (place / "weights.txt").write_text("1 2 3")
    (place / "inner" / "notes.txt").write_text("two levels down")
    return place


def register(ml: "MLClient", name: str, path: Path, version: str | None = None) -> str:
    from azure.ai.ml.entities import Model

    wanted = Model(name=name, version=version, path=str(path), type="custom_model", tags={"plant": "A"})
    return str(ml.models.create_or_update(wanted).version)


def share(ml: "MLClient", name: str, version: str, registry: str = "tour", to: str | None = None) -> None:
    ml.models.share(name, version, share_with_name=name, share_with_version=to or version, registry_name=registry)


def test_a_shared_model_keeps_its_labels_and_files(
    ws: "MLClient", registry: "MLClient", folder: Path, tmp_path: Path
) -> None:
    version = register(ws, "shared", folder)
    share(ws, "shared", version)
    found = registry.models.get("shared", version)
    assert (found.id, found.tags) == (f"azureml://registries/tour/models/shared/versions/{version}", {"plant": "A"})
    registry.models.download("shared", version, download_path=tmp_path / "back")
    back = tmp_path / "back" / "shared" / "trained"
    assert (back / "weights.txt").read_text() == "1 2 3"
    assert (back / "inner" / "notes.txt").read_text() == "two levels down"
    assert [one.version for one in registry.models.list(name="shared")] == [version]
    assert "shared" in [one.name for one in registry.models.list()]


def test_a_copy_does_not_change_with_its_source(
    ws: "MLClient", registry: "MLClient", folder: Path, tmp_path: Path
) -> None:
    version = register(ws, "copied", folder)
    share(ws, "copied", version)
    ws.models.archive("copied", version)
    found = registry.models.get("copied", version)
    found.tags["promoted"] = "true"
    registry.models.create_or_update(found)
    assert registry.models.get("copied", version).tags == {"plant": "A", "promoted": "true"}
    assert ws.models.get("copied", version).tags == {"plant": "A"}


def test_the_same_version_is_not_shared_twice(ws: "MLClient", registry: "MLClient", folder: Path) -> None:
    version = register(ws, "twice", folder)
    share(ws, "twice", version)
    with pytest.raises(Exception, match="A model with this name and version already exists in registry"):
        share(ws, "twice", version)


def test_what_is_not_there_is_not_shared(ws: "MLClient", registry: "MLClient", folder: Path) -> None:
    with pytest.raises(HttpResponseError, match="models/absent/versions/7' was not found"):
        share(ws, "absent", "7")
    version = register(ws, "present", folder)
    with pytest.raises(ResourceNotFoundError, match="Registry with name 'nowhere' was not found"):
        share(ws, "present", version, registry="nowhere")


def test_a_sharing_that_fails_leaves_nothing(
    ws: "MLClient", registry: "MLClient", folder: Path, control: Control
) -> None:
    version = register(ws, "unlucky", folder)
    control.add_fault("failed_operation", path="registries/tour/imports/")
    with pytest.raises(HttpResponseError, match="injected fault"):
        share(ws, "unlucky", version)
    with pytest.raises(ResourceNotFoundError, match="models/unlucky/versions/1"):
        registry.models.get("unlucky", version)
    share(ws, "unlucky", version)
    assert registry.models.get("unlucky", version).version == version


def test_a_registry_takes_assets_of_its_own(registry: "MLClient", folder: Path, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Environment

    assert register(registry, "own", folder, "3") == "3"
    registry.models.download("own", "3", download_path=tmp_path / "back")
    assert (tmp_path / "back" / "own" / "trained" / "weights.txt").read_text() == "1 2 3"
    assert registry.models.get("own", label="latest").version == "3"
    made = registry.environments.create_or_update(Environment(name="env", version="1", image="ubuntu:22.04"))
    assert made.id == "azureml://registries/tour/environments/env/versions/1"
    with pytest.raises(HttpResponseError, match="the existing asset's definition cannot be changed"):
        registry.environments.create_or_update(Environment(name="env", version="1", image="ubuntu:24.04"))


def test_a_deployment_takes_its_model_from_a_registry(ws: "MLClient", registry: "MLClient", folder: Path) -> None:
    from azure.ai.ml.entities import AmlCompute, BatchEndpoint, CodeConfiguration, Environment, ModelBatchDeployment

    version = register(ws, "served", folder)
    share(ws, "served", version)
    ws.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=1)).result()
    ws.environments.create_or_update(Environment(name="e", version="1", image="ubuntu:22.04"))
    ws.batch_endpoints.begin_create_or_update(BatchEndpoint(name="be-tour-registry")).result()
    (folder / "score.py").write_text("def init(): ...\n\n\ndef run(files): return files\n")
    model = f"azureml://registries/tour/models/served/versions/{version}"
    wanted = ModelBatchDeployment(
        name="blue",
        endpoint_name="be-tour-registry",
        model=model,
        compute="cpu",
        environment="azureml:e:1",
        code_configuration=CodeConfiguration(code=str(folder), scoring_script="score.py"),
    )
    assert ws.batch_deployments.begin_create_or_update(wanted).result().model == model


def test_a_name_belongs_to_one_registry(arm: Arm, registry: "MLClient") -> None:
    place = f"/subscriptions/{SUBSCRIPTION}{REGISTRIES.replace('shared-rg', 'other')}/tour"
    answer = arm("PUT", place, json={"location": "westeurope", "properties": {}})
    assert answer.status_code == 409
    assert "Registry names must be unique" in answer.json()["error"]["message"]
