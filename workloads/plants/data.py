"""Fetch the plants' real data: ten-minute readings of four wind turbines at La Haute Borne, 2014 and 2015.

The readings are an example file of the OpenOA wheel and come through the ordinary package client; both the wheel and
the archive in it are checked by sha256. Nothing of it is ever committed.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from workloads.plants.code.circuit_power.extract import extract, read_scada
from workloads.plants.code.circuit_power.prepare import prepare

REQUIREMENT = "openoa==3.2"
WHEEL_SHA256 = "654c1a81c3c27d8caa84e861a7659090d0135f08350e2577e96e42025899f70f"
ARCHIVE = "examples/data/la_haute_borne.zip"
ARCHIVE_SHA256 = "be5ea66a3355286e491f5618250dc83e85252a8cb337748d7ba19edc50df6138"
MEMBER = "la-haute-borne-data-2014-2015.csv"
SCADA_SHA256 = "9be32aabe7e6b911f58ad3a9f292aed1e5b48cdc603b35d3feccb94f4c043cf4"
DOWNLOAD_TIMEOUT_SECONDS = 600

Report = Callable[[str], object]


class DataError(RuntimeError):
    """The data could not be fetched, or is not the data that was agreed."""


def fetch(directory: Path, report: Report = lambda line: None) -> Path:
    """Return `directory/scada.csv`, the source's file byte for byte (local times with offset); fetched only once."""
    directory.mkdir(parents=True, exist_ok=True)
    scada = directory / "scada.csv"
    if scada.exists() and _sha256(scada) == SCADA_SHA256:
        report(f"{scada} is there already")
        return scada
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        report(f"downloading {REQUIREMENT} (54 MB) through pip")
        wheel = _download(Path(scratch))
        _check(wheel, WHEEL_SHA256)
        unpacked = _unpack(wheel, Path(scratch))
        unpacked.replace(scada)
    report(f"wrote {scada} ({scada.stat().st_size / 1e6:.0f} MB)")
    return scada


def cut_test_input(scada: Path, plant: str, circuit: str, until: date, directory: Path, days: int = 7) -> Path:
    """Write `directory/PLANT/CIRCUIT/test_input.csv`: the last `days` days up to and including `until`, in the
    columns of the prepared training data, so the measured power is there to compare a prediction with."""
    rows, _ = prepare(extract(read_scada(scada), circuit, until)[0], plant, circuit, until)
    rows = rows[rows["days_before_cutoff"] <= days]
    if rows.empty:
        raise DataError(f"{circuit} has no rows in the {days} days up to {until}: choose an earlier day.")
    target = directory / plant / circuit / "test_input.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    rows.drop(columns="days_before_cutoff").to_csv(unfinished, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    unfinished.replace(target)
    return target


def _download(directory: Path) -> Path:
    requirement = directory / "requirement.txt"
    requirement.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--dest", str(directory), "--requirement", str(requirement)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise DataError(
            f"Downloading {REQUIREMENT} took longer than {DOWNLOAD_TIMEOUT_SECONDS} s. "
            "Check the network or the package index, then run this again."
        ) from None
    if done.returncode != 0:
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise DataError(
                f"The package index served a {REQUIREMENT} whose sha256 is not {WHEEL_SHA256}: it is not the agreed "
                f"data, so it was not unpacked. Use an index that carries the original file.\n{done.stderr.strip()}"
            )
        raise DataError(
            f"pip could not download {REQUIREMENT}; is the package index reachable (offline?)? "
            f"Try `python -m pip download --no-deps {REQUIREMENT}`.\n{done.stderr.strip()}"
        )
    return next(directory.glob("openoa-*.whl"))


def _unpack(wheel: Path, directory: Path) -> Path:
    with zipfile.ZipFile(wheel) as outer:
        archive = Path(outer.extract(ARCHIVE, directory))
    _check(archive, ARCHIVE_SHA256)
    with zipfile.ZipFile(archive) as inner:
        scada = Path(inner.extract(MEMBER, directory))
    _check(scada, SCADA_SHA256)
    return scada


def _check(path: Path, expected: str) -> None:
    found = _sha256(path)
    if found != expected:
        raise DataError(
            f"{path.name} has sha256 {found}, expected {expected}: it is not the agreed data and was not used. "
            "Delete it and fetch again."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.plants.data", description=fetch.__doc__)
    parser.add_argument("directory", type=Path, help="where scada.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
