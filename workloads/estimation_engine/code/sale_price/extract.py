"""Extract: the sales up to and including the cutoff date, with a time in UTC.

The source knows the month of a sale, not its day: a sale's time is the first day of its month. What makes the sales
unusable fails here (no file, absent column, values that are not numbers or months, nothing before the cutoff). What
makes them doubtful (ranges, missing values, age) is left in and judged by the workload's expectations.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from .tables import CATEGORIES, NUMBERS, PRICE, SOLD_MONTH, SOLD_YEAR, TARGET, InputError, end_of, iso, write_json

CIRCUIT = "SALEPRICE"
NEEDED = (SOLD_YEAR, SOLD_MONTH, PRICE, *NUMBERS, *CATEGORIES)
YEARS = (1900, 2100)
EXAMPLES = 5
FIRST_LINE = 2  # of a row in a CSV with one header line


def read_sales(path: Path) -> pd.DataFrame:
    """Read the source's CSV, with every column that is needed."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: put the plant's sales there as sales.csv.")
    try:
        # "None" is one of the source's words, not an absent value
        frame = pd.read_csv(path, low_memory=False, keep_default_na=False, na_values=["", "NA"])
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty: not even a header line. Deliver the sales again.") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not a readable CSV file: {problem}. Deliver the sales again.") from None
    if absent := [name for name in NEEDED if name not in frame.columns]:
        raise InputError(f"{path} lacks the column(s) {', '.join(absent)}; it has {', '.join(frame.columns)}.")
    if frame.empty:
        raise InputError(f"{path} has a header and no rows. Deliver the sales again.")
    return frame


def extract(sales: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the sales in order of time, columns renamed, and a summary of what was seen."""
    if circuit != CIRCUIT:
        raise InputError(f"Circuit {circuit} is not in the data, which has {CIRCUIT}. Correct the circuit.")
    taken = pd.DataFrame({"timestamp": _months(sales), TARGET: _numbers(sales[PRICE])})
    for source, name in NUMBERS.items():
        taken[name] = _numbers(sales[source])
    for source, name in CATEGORIES.items():
        taken[name] = sales[source].astype("str").str.strip()
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
    years, months = _numbers(sales[SOLD_YEAR]), _numbers(sales[SOLD_MONTH])
    _refuse(sales[SOLD_YEAR], ~(years.between(*YEARS) & (years % 1 == 0)), "are not years")
    _refuse(sales[SOLD_MONTH], ~(months.between(1, 12) & (months % 1 == 0)), "are not months")
    parts = pd.DataFrame({"year": years.astype("int64"), "month": months.astype("int64"), "day": 1})
    return pd.to_datetime(parts, utc=True).astype("datetime64[us, UTC]")


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    _refuse(column, numbers.isna() & column.notna(), "are not numbers")
    return numbers.astype("float64")


def _refuse(column: pd.Series, wrong: pd.Series, what: str) -> None:
    if wrong.any():
        first = column[wrong].head(EXAMPLES)
        examples = "; ".join(
            f"line {int(line) + FIRST_LINE}: {value!r}" for line, value in zip(first.index, first, strict=True)
        )
        raise InputError(f"{int(wrong.sum())} value(s) of column {column.name} {what}: {examples}. Correct the source.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with sales.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    rows, summary = extract(read_sales(arguments.raw / "sales.csv"), arguments.circuit, arguments.cutoff_date)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "sales.parquet", index=False)


if __name__ == "__main__":
    main()
