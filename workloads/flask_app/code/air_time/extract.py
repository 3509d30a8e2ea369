"""Extract: the flights up to and including the cutoff date, by their scheduled departure in UTC.

What makes the flights unusable fails here (no file, absent column, values that are not times or numbers, nothing before the
cutoff). What makes them doubtful (ranges, missing values, age) is left in and judged by the workload's expectations.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from .tables import TARGET, InputError, end_of, iso, write_json

CIRCUIT = "AIRTIME"
NEW_YORK = "America/New_York"
NEEDED = ("time_hour", "minute", "carrier", "origin", "dest", "distance", TARGET)
EXAMPLES = 5
FIRST_LINE = 2  # of a row in a CSV with one header line


def read_flights(path: Path) -> pd.DataFrame:
    """Read the source's CSV, with every column that is needed."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: put the plant's flights there as flights.csv.")
    try:
        frame = pd.read_csv(path, low_memory=False)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty: not even a header line. Deliver the flights again.") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not a readable CSV file: {problem}. Deliver the flights again.") from None
    if absent := [name for name in NEEDED if name not in frame.columns]:
        raise InputError(f"{path} lacks the column(s) {', '.join(absent)}; it has {', '.join(frame.columns)}.")
    if frame.empty:
        raise InputError(f"{path} has a header and no rows. Deliver the flights again.")
    return frame


def extract(flights: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the flights in order of time, with the names that training and service use, and a summary of what was seen."""
    if circuit != CIRCUIT:
        raise InputError(f"Circuit {circuit} is not in the data, which has {CIRCUIT}. Correct the circuit.")
    departures = _departures(flights)
    local = departures.dt.tz_convert(NEW_YORK)
    taken = pd.DataFrame(
        {
            "timestamp": departures,
            TARGET: _numbers(flights[TARGET]),
            "distance": _numbers(flights["distance"]),
            "month": local.dt.month,
            "hour": local.dt.hour,
            "origin": flights["origin"].astype("str").str.strip(),
            "destination": flights["dest"].astype("str").str.strip(),
            "carrier": flights["carrier"].astype("str").str.strip(),
        }
    )
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


def _departures(flights: pd.DataFrame) -> pd.Series:
    hours = pd.to_datetime(flights["time_hour"], utc=True, errors="coerce", format="ISO8601")
    _refuse(flights["time_hour"], hours.isna(), "are not times")
    minutes = _numbers(flights["minute"])
    _refuse(flights["minute"], ~minutes.between(0, 59), "are not minutes")
    return (hours + pd.to_timedelta(minutes, unit="min")).astype("datetime64[us, UTC]")


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
    parser.add_argument("--raw", type=Path, required=True, help="folder with flights.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    rows, summary = extract(read_flights(arguments.raw / "flights.csv"), arguments.circuit, arguments.cutoff_date)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "flights.parquet", index=False)


if __name__ == "__main__":
    main()
