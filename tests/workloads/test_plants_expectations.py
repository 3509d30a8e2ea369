"""The declared expectations: real data meets them, and each kind of damage is named by the one meant for it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tasks.data.validation import ValidationReport, validate
from workloads.plants.code.circuit_power.extract import extract
from workloads.plants.code.circuit_power.prepare import prepare

DECLARATION = Path(__file__).parents[2] / "workloads" / "plants" / "workload.yaml"
CUTOFF = date(2014, 6, 30)
CIRCUITS = ("R80711", "R80721", "R80736", "R80790")


@pytest.fixture(scope="module")
def declared() -> list[dict[str, Any]]:
    return list(yaml.safe_load(DECLARATION.read_text())["data"]["expectations"])


@pytest.fixture(scope="module")
def frame(readings: pd.DataFrame) -> pd.DataFrame:
    return prepare(extract(readings, "R80711", CUTOFF)[0], "HAUTEBORNE", "R80711", CUTOFF)[0]


def report(frame: pd.DataFrame, declared: list[dict[str, Any]], folder: Path) -> ValidationReport:
    return validate(frame, declared, suite_name="plants", docs_dir=folder)


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("cutoff", [date(2014, 3, 31), date(2015, 12, 31)])
def test_every_real_circuit_meets_them(
    readings: pd.DataFrame, declared: list[dict[str, Any]], circuit: str, cutoff: date, tmp_path: Path
) -> None:
    rows, _ = prepare(extract(readings, circuit, cutoff)[0], "HAUTEBORNE", circuit, cutoff)
    assert [str(failure) for failure in report(rows, declared, tmp_path).failed] == []


def repeated(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.tail(1)], ignore_index=True)


def with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(wind_speed=frame["wind_speed"].where(frame.index % 20 != 0))


def stale(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(days_before_cutoff=frame["days_before_cutoff"] + 2)


def later_than_the_cutoff(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(days_before_cutoff=frame["days_before_cutoff"] - 1)


def stuck(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(wind_speed=5.0)


DAMAGES: dict[Callable[[pd.DataFrame], pd.DataFrame], tuple[str, str | None]] = {
    repeated: ("expect_column_values_to_be_unique", "timestamp"),
    with_gaps: ("expect_column_values_to_not_be_null", "wind_speed"),
    stale: ("expect_column_min_to_be_between", "days_before_cutoff"),
    later_than_the_cutoff: ("expect_column_min_to_be_between", "days_before_cutoff"),
    stuck: ("expect_column_stdev_to_be_between", "wind_speed"),
    lambda frame: frame.tail(4000): ("expect_table_row_count_to_be_between", None),
    lambda frame: frame.assign(active_power=frame["active_power"] * 1000): (
        "expect_column_values_to_be_between",
        "active_power",
    ),
    lambda frame: frame.assign(extra=1): ("expect_table_columns_to_match_set", None),
}


@pytest.mark.parametrize(("damage", "expected"), DAMAGES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_damage_is_named_by_the_expectation_meant_for_it(
    frame: pd.DataFrame,
    declared: list[dict[str, Any]],
    damage: Callable[[pd.DataFrame], pd.DataFrame],
    expected: tuple[str, str | None],
    tmp_path: Path,
) -> None:
    found = report(damage(frame), declared, tmp_path)
    assert not found.valid
    assert expected in {(failure.type, failure.kwargs.get("column")) for failure in found.failed}
