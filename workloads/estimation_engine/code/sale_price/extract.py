"""Extract: the sales up to and including the cutoff date, with a time in UTC.

The source knows the month of a sale, not its day: a sale's time is the first day of its month. What makes the sales
unusable fails here (no file, absent column, values that are not numbers or months, nothing before the cutoff). What
makes them doubtful (ranges, missing values, age) is left in and judged by the workload's expectations.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.csv_file import not_read, numbers, read_text, refuse, words
from tabular_data.input_error import InputError
from tabular_data.json_file import write_json
from tabular_data.utc import end_of, iso

from .tables import CATEGORIES, NUMBERS, PRICE, SOLD_MONTH, SOLD_YEAR, TARGET

CIRCUIT = "SALEPRICE"
NEEDED = (SOLD_YEAR, SOLD_MONTH, PRICE, *NUMBERS, *CATEGORIES)
YEARS = (1900, 2100)
FILE = "sales.csv"


def read_sales(path: Path) -> pd.DataFrame:
    """Read the source's CSV: the columns that are needed, as text."""
    return read_text(path, NEEDED)


def extract(sales: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the sales in order of time, columns renamed, and a summary of what was seen."""
    if circuit != CIRCUIT:
        raise InputError(f"Circuit {circuit} is not in the data, which has {CIRCUIT}. Correct the circuit.")
    taken = pd.DataFrame({"timestamp": _months(sales), TARGET: numbers(sales[PRICE])})
    for source, name in NUMBERS.items():
        taken[name] = numbers(sales[source])
    for source, name in CATEGORIES.items():
        taken[name] = words(sales[source])
    first, last = taken["timestamp"].min(), taken["timestamp"].max()
    taken = taken[taken["timestamp"] < end_of(cutoff)].sort_values("timestamp", kind="stable", ignore_index=True)
    if taken.empty:
        raise InputError(
            f"The cutoff {cutoff} lies before the data, which starts at {iso(first)}. Choose a later cutoff date."
        )
    summary: dict[str, object] = {
        "circuit": circuit,
        "cutoff_date": str(cutoff),
        "rows": len(taken),
        "first": iso(taken["timestamp"].iloc[0]),
        "last": iso(taken["timestamp"].iloc[-1]),
        "source_last": iso(last),
    }
    return taken, summary


def _months(sales: pd.DataFrame) -> pd.Series:
    years, months = numbers(sales[SOLD_YEAR]), numbers(sales[SOLD_MONTH])
    refuse(sales[SOLD_YEAR], ~(years.between(*YEARS) & (years % 1 == 0)), "are not years")
    refuse(sales[SOLD_MONTH], ~(months.between(1, 12) & (months % 1 == 0)), "are not months")
    parts = pd.DataFrame({"year": years.astype("int64"), "month": months.astype("int64"), "day": 1})
    return pd.to_datetime(parts, utc=True).astype("datetime64[us, UTC]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with sales.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    file = arguments.raw / FILE
    rows, summary = extract(read_sales(file), arguments.circuit, arguments.cutoff_date)
    summary["left_out"] = not_read(file)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "sales.parquet", index=False)


if __name__ == "__main__":
    main()
