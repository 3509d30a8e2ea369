"""A stage whose target is a Helm release, as it is declared, and the names that it makes."""

import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.declaration.load import load_workload
from domain.declaration.target import HelmReleaseTarget
from domain.errors import InvalidDeclaration
from domain.naming import Naming, faults_of_helm_releases
from domain.unit import Unit

ENGINE = Path(__file__).parents[4] / "workloads" / "estimation_engine"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ENGINE, tmp_path / "estimation_engine"))


def faults(folder: Path, target: dict[str, Any] | None = None, **stage: Any) -> str:
    """What is wrong where production is declared so."""
    document = yaml.safe_load((folder / "workload.yaml").read_text())
    production = document["stages"][-1]
    assert production["target"]["kind"] == "helm_release"
    production["target"] |= target or {}
    production |= stage
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(InvalidDeclaration) as refused:
        load_workload(folder / "workload.yaml")
    return str(refused.value)


def test_the_estimation_engine_is_declared_well() -> None:
    target = load_workload(ENGINE / "workload.yaml").stage("production").target
    assert isinstance(target, HelmReleaseTarget)
    assert (target.cluster, target.chart) == ("production", Path("chart"))


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"chart": "nowhere"}, "there is no folder 'nowhere' in estimation_engine/"),
        ({"chart": "../estimation_engine/chart/../.."}, "is outside estimation_engine/"),
        ({"chart": "service"}, "there is no file 'Chart.yaml' in service/"),
        ({"values": "big.yaml"}, "there is no file 'big.yaml' in estimation_engine/"),
        ({"chart_version": 1}, "chart_version"),
        ({"kept_revisions": 1}, "kept_revisions"),
    ],
)
def test_what_is_wrong_with_a_target_is_said(folder: Path, target: dict[str, Any], why: str) -> None:
    assert why in faults(folder, target)


def test_a_release_is_asked_after_it_was_switched(folder: Path) -> None:
    smoke = {"path": "/v1/estimates", "question": "question.json", "answers": ["estimates"], "version": "model.version"}
    assert "a helm_release is replaced when it switches, so it can only be tested after that" in faults(
        folder, verification=smoke
    )


def test_it_runs_images_that_a_stage_built(folder: Path) -> None:
    document = yaml.safe_load((folder / "workload.yaml").read_text())
    document["stages"] = [document["stages"][0], document["stages"][-1]]
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(
        InvalidDeclaration, match="deploys what no stage published; put a container_registry stage before it"
    ):
        load_workload(folder / "workload.yaml")


def test_two_stages_do_not_share_a_cluster(folder: Path) -> None:
    document = yaml.safe_load((folder / "workload.yaml").read_text())
    document["stages"].append({**deepcopy(document["stages"][-1]), "name": "more"})
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(
        InvalidDeclaration, match="is the same as production's, so each would switch the other's endpoints"
    ):
        load_workload(folder / "workload.yaml")


def test_names_that_helm_takes_and_refuses() -> None:
    short, long = Unit(plant="AMES", circuit="SALEPRICE"), Unit(plant="A" * 30, circuit="B" * 30)
    assert Naming(suffix="-qa").helm_release(short) == "hr-ames-saleprice-qa"
    assert faults_of_helm_releases([short], Naming()) == ()
    [fault] = faults_of_helm_releases([long], Naming())
    assert "1 to 53 lower-case letters" in fault
    [fault] = faults_of_helm_releases([short], Naming(prefix="1-"))
    assert "a letter first" in fault
    one, other = Unit(plant="A-B", circuit="C"), Unit(plant="A", circuit="B-C")
    [fault] = faults_of_helm_releases([one, other], Naming())
    assert "would share the Helm release 'hr-a-b-c'" in fault
