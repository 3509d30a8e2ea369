"""Waves cover every circuit once; a release's circuits fall into them."""

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.wave import Wave, faults_of_waves, waves_of

CIRCUITS = [f"P/C{number}" for number in range(30)]


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
