"""The unmodified SDK over models: versions, labels, files, refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulator.control_client import Control

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model


@pytest.fixture(scope="module")
def ws(make_ml: "Callable[[str], MLClient]") -> "MLClient":
    return make_ml("tour-models")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "trained"
    (place / "inner").mkdir(parents=True)
    (place / "weights.txt").write_text("1 2 3")
    (place / "inner" / "notes.txt").write_text("two levels down")
    return place


def model(name: str, path: Path | str, version: str | None = None, **more: object) -> "Model":
    from azure.ai.ml.entities import Model

    return Model(name=name, version=version, path=str(path), type="custom_model", **more)


def test_a_model_comes_back_as_it_was_registered(ws: "MLClient", folder: Path, tmp_path: Path) -> None:
    made = ws.models.create_or_update(model("whole", folder, tags={"plant": "A"}, description="first"))
    assert (made.version, made.tags, made.description) == ("1", {"plant": "A"}, "first")
    assert made.path.startswith("azureml://subscriptions/")
    ws.models.download("whole", "1", download_path=tmp_path / "back")
    back = tmp_path / "back" / "whole" / "trained"
    assert (back / "weights.txt").read_text() == "1 2 3"
    assert (back / "inner" / "notes.txt").read_text() == "two levels down"


def test_versions_count_up_and_latest_is_the_newest(ws: "MLClient", folder: Path) -> None:
    for _ in range(3):
        ws.models.create_or_update(model("counted", folder))
    assert [one.version for one in ws.models.list(name="counted")] == ["3", "2", "1"]
    assert ws.models.get("counted", label="latest").version == "3"
    [container] = [one for one in ws.models.list() if one.name == "counted"]
    assert container.latest_version == "3"


def test_tags_change_without_an_upload(ws: "MLClient", folder: Path, control: Control) -> None:
    made = ws.models.create_or_update(model("tagged", folder, tags={"a": "1"}))
    control.clear_journal()
    made.tags["b"] = "2"
    ws.models.create_or_update(made)
    assert ws.models.get("tagged", made.version).tags == {"a": "1", "b": "2"}
    assert not [entry for entry in control.journal() if "blob.core" in entry.host]


def test_the_files_of_a_version_cannot_be_others(ws: "MLClient", folder: Path) -> None:
    ws.models.create_or_update(model("fixed", folder, "1"))
    with pytest.raises(
        ResourceExistsError, match=r"ModelUri cannot be changed\. Only tags, description, and isArchived"
    ):
        ws.models.create_or_update(model("fixed", "azureml://datastores/workspaceblobstore/paths/other", "1"))


def test_archived_models_are_listed_only_when_asked_for(ws: "MLClient", folder: Path) -> None:
    from azure.ai.ml.constants import ListViewType

    ws.models.create_or_update(model("old", folder, "1"))
    ws.models.create_or_update(model("old", folder, "2"))
    ws.models.archive("old", "1")
    assert [one.version for one in ws.models.list(name="old")] == ["2"]
    archived = ws.models.list(name="old", list_view_type=ListViewType.ARCHIVED_ONLY)
    assert [one.version for one in archived] == ["1"]
    ws.models.restore("old", "1")
    assert {one.version for one in ws.models.list(name="old")} == {"1", "2"}


def test_a_model_that_is_not_there_is_not_found(ws: "MLClient") -> None:
    with pytest.raises(
        ResourceNotFoundError, match="models/nobody/versions/1' under resource group 'rg' was not found"
    ):
        ws.models.get("nobody", "1")


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("ends.", "azureml://datastores/workspaceblobstore/paths/m", "The asset name 'ends.' is invalid"),
        ("fine", "azureml://datastores/nowhere/paths/m", "Could not find datastore: nowhere"),
        ("fine", "azureml://jobs/nojob/outputs/model", "Could not find job: nojob"),
    ],
)
def test_what_azure_refuses_is_refused_with_the_reason(ws: "MLClient", name: str, path: str, words: str) -> None:
    with pytest.raises(HttpResponseError, match=words):
        ws.models.create_or_update(model(name, path, "1"))
