"""Extract: the flights up to and including the cutoff date, by their scheduled departure in UTC.

What makes the flights unusable fails here (no file, absent column, values that are not times or numbers, nothing before the
cutoff). What makes them doubtful (ranges, missing values, age) is left in and judged by the workload's expectations.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.csv_file import not_read, numbers, read_text, refuse, times, words
from tabular_data.input_error import InputError
from tabular_data.json_file import write_json
from tabular_data.utc import end_of, iso

from .tables import TARGET

CIRCUIT = "AIRTIME"
NEW_YORK = "America/New_York"
NEEDED = ("time_hour", "minute", "carrier", "origin", "dest", "distance", TARGET)
FILE = "flights.csv"


def read_flights(path: Path) -> pd.DataFrame:
    """Read the source's CSV: the columns that are needed, as text."""
    return read_text(path, NEEDED)


def extract(flights: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the flights in order of time, with the names that training and service use, and a summary of what was seen."""
    if circuit != CIRCUIT:
        raise InputError(f"Circuit {circuit} is not in the data, which has {CIRCUIT}. Correct the circuit.")
    departures = _departures(flights)
    local = departures.dt.tz_convert(NEW_YORK)
    taken = pd.DataFrame(
        {
            "timestamp": departures,
            TARGET: numbers(flights[TARGET]),
            "distance": numbers(flights["distance"]),
            "month": local.dt.month,
            "hour": local.dt.hour,
            "origin": words(flights["origin"]),
            "destination": words(flights["dest"]),
            "carrier": words(flights["carrier"]),
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
    minutes = numbers(flights["minute"])
    refuse(flights["minute"], ~minutes.between(0, 59), "are not minutes")
    departures = times(flights["time_hour"]) + pd.to_timedelta(minutes, unit="min")
    return departures.astype("datetime64[us, UTC]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with flights.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    file = arguments.raw / FILE
    rows, summary = extract(read_flights(file), arguments.circuit, arguments.cutoff_date)
    summary["left_out"] = not_read(file)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "flights.parquet", index=False)


if __name__ == "__main__":
    main()
