"""The unmodified SDK over data, environments, components, code, datastores and computes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulator.control_client import Control

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import CommandComponent


@pytest.fixture(scope="module")
def ws(make_ml: "Callable[[str], MLClient]") -> "MLClient":
    return make_ml("tour-assets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "a.csv").write_text("x\n1\n")
    return place


def component(code: Path, version: str | None = None, line: str = "echo hello") -> "CommandComponent":
    from azure.ai.ml.entities import CommandComponent

    return CommandComponent(name="step", version=version, code=str(code), command=line, environment="azureml:base:1")


def test_a_workspace_says_where_its_services_are(ws: "MLClient") -> None:
    workspace = ws.workspaces.get("tour-assets")
    assert workspace.discovery_url == "https://westeurope.api.azureml.ms/discovery"
    assert workspace.mlflow_tracking_uri.startswith("azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/")
    assert "tour-assets" in [one.name for one in ws.workspaces.list()]


def test_a_workspace_comes_with_its_datastores(ws: "MLClient") -> None:
    stores = {store.name: store for store in ws.datastores.list()}
    assert {"workspaceblobstore", "workspaceartifactstore", "workspacefilestore"} <= set(stores)
    default = ws.datastores.get_default(include_secrets=True)
    assert default.name == "workspaceblobstore"
    assert default.container_name.startswith("azureml-blobstore-")
    assert default.credentials.account_key


def test_a_table_is_registered_with_one_look_at_its_schema(ws: "MLClient", folder: Path, control: Control) -> None:
    from azure.ai.ml.entities import Data

    (folder / "MLTable").write_text("paths: [{file: ./a.csv}]\ntransformations: [{read_delimited: {delimiter: ','}}]\n")
    ws.data.create_or_update(Data(name="table", version="1", path=str(folder), type="mltable"))
    asked = [(entry.path, entry.status) for entry in control.journal(host="azuremlschemasprod.azureedge.net")]
    assert asked == [("/latest/MLTable.schema.json", 200)]
    assert ws.data.get("table", "1").type == "mltable"


def test_data_counts_its_versions_and_never_changes(ws: "MLClient", folder: Path) -> None:
    from azure.ai.ml.entities import Data

    first = ws.data.create_or_update(Data(name="d", path=str(folder), type="uri_folder", tags={"t": "1"}))
    second = ws.data.create_or_update(Data(name="d", path=str(folder), type="uri_folder"))
    assert (first.version, second.version) == ("1", "2")
    assert ws.data.get("d", label="latest").version == "2"
    assert ws.data.get("d", "1").tags == {"t": "1"}
    other = "azureml://datastores/workspaceblobstore/paths/other/"
    with pytest.raises(ResourceExistsError, match="the existing asset's data uri cannot be changed"):
        ws.data.create_or_update(Data(name="d", version="1", path=other, type="uri_folder"))
    with pytest.raises(HttpResponseError, match="a version of type 'uri_file' cannot be added"):
        ws.data.create_or_update(Data(name="d", version="9", path=other + "f.csv", type="uri_file"))


def test_an_environment_that_changed_gets_the_next_version(ws: "MLClient") -> None:
    from azure.ai.ml.entities import Environment

    conda = {"name": "e", "dependencies": ["python=3.11"]}
    first = ws.environments.create_or_update(Environment(name="env", image="ubuntu:22.04", conda_file=conda))
    same = ws.environments.create_or_update(Environment(name="env", image="ubuntu:22.04", conda_file=conda))
    changed = ws.environments.create_or_update(Environment(name="env", image="ubuntu:24.04", conda_file=conda))
    assert (first.version, same.version, changed.version) == ("1", "1", "2")
    assert ws.environments.get("env", "1").conda_file == conda


def test_components_are_found_by_name_and_keep_their_code(ws: "MLClient", folder: Path, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Environment

    ws.environments.create_or_update(Environment(name="base", version="1", image="ubuntu:22.04"))
    made = ws.components.create_or_update(component(folder, "1"))
    assert ws.components.get("step", "1").command == "echo hello"
    assert [one.name for one in ws.components.list()] == ["step"]
    name, version = str(made.code).split("/codes/")[1].split("/versions/")
    ws._code.download(name, version, tmp_path / "code")  # the SDK has no public way to code
    assert (tmp_path / "code" / "a.csv").read_text() == "x\n1\n"
    with pytest.raises(ResourceExistsError, match="A component with this name and version already exists"):
        ws.components.create_or_update(component(folder, "1", "echo other"))


def test_the_same_code_is_uploaded_once(ws: "MLClient", folder: Path, control: Control) -> None:
    first = ws.components.create_or_update(component(folder, "11"))
    control.clear_journal()
    second = ws.components.create_or_update(component(folder, "12"))
    assert first.code == second.code
    assert not [entry for entry in control.journal() if "blob.core" in entry.host]


def test_a_compute_is_created_scaled_and_deleted(ws: "MLClient") -> None:
    from azure.ai.ml.entities import AmlCompute

    wanted = AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=2, idle_time_before_scale_down=120)
    made = ws.compute.begin_create_or_update(wanted).result()
    assert (made.provisioning_state, made.max_instances, made.location) == ("Succeeded", 2, "westeurope")
    wanted.max_instances = 4
    ws.compute.begin_create_or_update(wanted).result()
    assert ws.compute.get("cpu").max_instances == 4
    ws.compute.begin_delete("cpu").result()
    with pytest.raises(ResourceNotFoundError, match="computes/cpu"):
        ws.compute.get("cpu")


@pytest.mark.parametrize(
    ("name", "size", "most", "words"),
    [
        ("cpu", "Enormous", 1, "VM size Enormous is not supported"),
        ("cpu", "Standard_DS3_v2", -1, "The scale settings are invalid"),
        ("9cpu", "Standard_DS3_v2", 1, "Compute name '9cpu' is invalid"),
        ("cpu_", "Standard_DS3_v2", 1, "Compute name 'cpu_' is invalid"),
    ],
)
def test_a_compute_that_makes_no_sense_is_refused(ws: "MLClient", name: str, size: str, most: int, words: str) -> None:
    from azure.ai.ml.entities import AmlCompute

    with pytest.raises(HttpResponseError, match=words):
        ws.compute.begin_create_or_update(AmlCompute(name=name, size=size, max_instances=most)).result()
