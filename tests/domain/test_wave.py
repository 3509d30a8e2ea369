"""Waves cover every circuit once; a release's circuits fall into them."""

import shutil
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.changed_circuits import ChangedCircuit
from domain.declaration import load_workload
from domain.errors import InvalidDeclaration
from domain.wave import Wave, faults_of_waves, waves_of

CIRCUITS = [f"P/C{number}" for number in range(30)]
PLANTS = Path(__file__).parents[2] / "workloads" / "plants"
R = ("HAUTEBORNE/R80711", "HAUTEBORNE/R80721", "HAUTEBORNE/R80736", "HAUTEBORNE/R80790")


def circuit(name: str) -> ChangedCircuit:
    plant, _, one = name.partition("/")
    return ChangedCircuit(
        plant_id=plant,
        circuit_id=one,
        model_name="m",
        model_version="1",
        model_digest="sha256:" + "0" * 64,
        data_asset="d:1",
        cutoff_date=date(2026, 1, 1),
        data_report_digest="sha256:" + "0" * 64,
        training_job="j",
        metrics={"rmse": 1.0},
    )


@pytest.mark.parametrize(
    ("waves", "told"),
    [
        ([{"circuits": [R[0]]}, {"circuits": R[1:3]}], f"no wave has {R[3]}; name them, or end with a wave"),
        ([{"circuits": R[:2]}, {"circuits": R[1:]}], f"{R[1]} is named 2 times; each circuit switches once"),
        ([{"circuits": [R[0], R[0]]}, {"circuits": "rest"}], f"{R[0]} is named 2 times"),
        ([{"circuits": "rest"}, {"circuits": [R[0]]}], "rest takes all circuits that are left"),
        ([{"circuits": R}, {"circuits": "rest"}], "rest is empty"),
        ([{"circuits": ["HAUTEBORNE/R80710"]}, {"circuits": "rest"}], "(did you mean HAUTEBORNE/R80790?)"),
        ([{"circuits": []}, {"circuits": "rest"}], "waves"),
        ([{"circuits": [R[0]], "soak_minutes": -1}, {"circuits": "rest"}], "soak_minutes"),
        ([{"circuits": ["R80711"]}, {"circuits": "rest"}], "write PLANT/CIRCUIT"),
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


@given(
    st.lists(st.sampled_from(CIRCUITS), unique=True, min_size=1),
    st.lists(st.integers(0, 29), max_size=4),
    st.booleans(),
)
def test_every_released_circuit_is_in_one_wave_and_nothing_soaks_after_the_last(
    released: list[str], cuts: list[int], rest: bool
) -> None:
    edges = sorted({0, *cuts, 30})
    groups = [CIRCUITS[start:end] for start, end in pairwise(edges)]
    waves = [Wave(circuits=tuple(group), soak_minutes=5) for group in groups]
    if rest:
        waves[-1] = Wave(circuits="rest", soak_minutes=5)
    assert list(faults_of_waves(waves, CIRCUITS)) == []
    found = waves_of(waves, [circuit(name) for name in released])
    names = [str(unit.unit) for wave, _ in found for unit in wave]
    assert sorted(names) == sorted(released)
    assert all(wave for wave, _ in found)
    assert [soak for _, soak in found] == [5.0] * (len(found) - 1) + [0.0]
    for wave, _ in found:
        assert sum({str(unit.unit) for unit in wave} <= set(group) for group in groups) == 1


def test_where_no_wave_is_declared_all_switch_at_once() -> None:
    units = [circuit(name) for name in CIRCUITS]
    assert waves_of((), units) == [(tuple(units), 0.0)]
    assert waves_of((), []) == []
