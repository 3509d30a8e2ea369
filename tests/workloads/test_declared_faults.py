"""A declaration's faults as people read them: each with its line, one for each mistake, and none that only follows from another."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.declaration.load import load_workload
from domain.errors import InvalidDeclaration

ENGINE = Path(__file__).parents[2] / "workloads" / "estimation_engine"
KINDS = ["model_registry", "container_registry", "container_instance", "container_instance", "helm_release"]

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def faults(tmp_path: Path) -> Callable[[Edit], list[str]]:
    """What is told of the estimation engine with an edit, without file and line."""

    def told(edit: Edit) -> list[str]:
        folder = Path(shutil.copytree(ENGINE, tmp_path / "estimation_engine"))
        document = yaml.safe_load((folder / "workload.yaml").read_text())
        assert [stage["target"]["kind"] for stage in document["stages"]] == KINDS
        edit(document)
        (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        with pytest.raises(InvalidDeclaration) as refused:
            load_workload(folder / "workload.yaml")
        assert all(fault.startswith("workload.yaml:") for fault in refused.value.faults)
        return [fault.split(": ", 1)[1] for fault in refused.value.faults]

    return told


@pytest.mark.parametrize("kind", ["container_registy", 5, None, ["container_registry"], {"container_registry": 1}])
def test_a_misspelt_kind_is_one_fault_and_not_one_of_every_stage_above(
    faults: Callable[[Edit], list[str]], kind: object
) -> None:
    found = faults(lambda document: document["stages"][1]["target"].update(kind=kind))
    assert len(found) == 1, found
    assert found[0].startswith("stages[1].target")


def test_a_stage_below_the_misspelt_one_is_still_asked_what_it_deploys(faults: Callable[[Edit], list[str]]) -> None:
    def edit(document: dict[str, Any]) -> None:
        del document["stages"][0:2]
        document["stages"][1]["target"]["kind"] = "container_instanse"

    missing = "deploys what no stage published; put a container_registry stage before it"
    found = faults(edit)
    assert [fault for fault in found if missing in fault] == [f"stages[0].target: {missing}"]
    assert len(found) == 2


def test_one_wrong_path_of_a_smoke_test_is_one_fault(faults: Callable[[Edit], list[str]]) -> None:
    found = faults(lambda document: document["stages"][2]["confirmation"]["smoke"].update(path="v1/estimates"))
    assert len(found) == 1
    assert found[0].startswith("stages[2].confirmation.smoke.path: 'v1/estimates' is refused: a path on the service")


def test_one_wrong_wave_is_one_fault(faults: Callable[[Edit], list[str]]) -> None:
    assert faults(lambda document: document["stages"][2].update(waves=[{"circuits": "everything"}])) == [
        "stages[2].waves[0].circuits: must be a list of PLANT/CIRCUIT names, or rest; it is 'everything'"
    ]


def test_a_list_with_too_few_items_is_a_fault_with_words(faults: Callable[[Edit], list[str]]) -> None:
    replay = {
        "data": "azureml://datastores/store/paths/{plant}/",
        "columns": ["price"],
        "prediction": "price",
        "rows_at_least": 1,
        "limits": {
            "mean_shift": {"pass": 1, "fail": 2},
            "p95_shift": {"pass": 1, "fail": 2},
            "moved": {"by": 1, "pass": 0, "fail": 1},
        },
    }
    assert faults(lambda document: document["stages"][2].update(replay=replay)) == [
        "stages[2].replay.columns: has 1 item; at least 2 are needed"
    ]


def test_half_a_character_in_a_declaration_is_told_where_it_stands(faults: Callable[[Edit], list[str]]) -> None:
    assert faults(lambda document: document.update(description="\ud800")) == [
        r"description: '\ud800' cannot be read as text"
    ]
