"""Waves as they are declared in workload.yaml: what is refused, and where."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from domain.declaration.load import load_workload
from domain.errors import InvalidDeclaration

PLANTS = Path(__file__).parents[2] / "workloads" / "plants"
R = ("HAUTEBORNE/R80711", "HAUTEBORNE/R80721", "HAUTEBORNE/R80736", "HAUTEBORNE/R80790")


@pytest.mark.parametrize(
    ("waves", "told"),
    [
        ([{"circuits": [R[0]]}, {"circuits": R[1:3]}], f"no wave includes {R[3]}; name them, or end with a wave"),
        ([{"circuits": R[:2]}, {"circuits": R[1:]}], f"{R[1]} is named 2 times; each circuit switches once"),
        ([{"circuits": [R[0], R[0]]}, {"circuits": "rest"}], f"{R[0]} is named 2 times"),
        ([{"circuits": "rest"}, {"circuits": [R[0]]}], "rest takes all circuits that are left"),
        ([{"circuits": R}, {"circuits": "rest"}], "rest is empty"),
        ([{"circuits": ["HAUTEBORNE/R80710"]}, {"circuits": "rest"}], "(did you mean HAUTEBORNE/R80790?)"),
        ([{"circuits": []}, {"circuits": "rest"}], "waves"),
        ([{"circuits": [R[0]], "soak_minutes": -1}, {"circuits": "rest"}], "soak_minutes"),
        ([{"circuits": ["R80711"]}, {"circuits": "rest"}], "write PLANT/CIRCUIT"),
        (
            [
                {"circuits": R[:1], "soak_minutes": 1440},
                {"circuits": R[1:2], "soak_minutes": 0.5},
                {"circuits": "rest"},
            ],
            "they soak for 1441 minutes in all, and an approval opens the stage for 1440: the last waves could never switch",
        ),
    ],
)
def test_waves_that_miss_or_repeat_a_circuit_are_refused_with_their_line(tmp_path: Path, waves, told: str) -> None:
    folder = tmp_path / "plants"
    shutil.copytree(PLANTS, folder)
    document = yaml.safe_load((folder / "workload.yaml").read_text())
    document["stages"][2]["waves"] = [{**wave, "circuits": _plain(wave["circuits"])} for wave in waves]
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(InvalidDeclaration) as refused:
        load_workload(folder / "workload.yaml")
    assert any(told in fault and fault.startswith("workload.yaml:") for fault in refused.value.faults), refused.value


def _plain(circuits: str | Sequence[str]) -> str | list[str]:
    return circuits if isinstance(circuits, str) else list(circuits)


@pytest.mark.parametrize("key", ["waves", "confirmation"])
def test_a_registry_has_neither_waves_nor_a_confirmation(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "plants"
    shutil.copytree(PLANTS, folder)
    document = yaml.safe_load((folder / "workload.yaml").read_text())
    given = {
        "waves": [{"circuits": "rest"}],
        "confirmation": {"smoke": dict(document["stages"][1]["verification"], columns=["name"])},
    }
    document["stages"][0][key] = given[key]
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(InvalidDeclaration, match="a model_registry switches nothing"):
        load_workload(folder / "workload.yaml")
