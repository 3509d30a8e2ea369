"""Extract: one circuit's readings up to and including the cutoff date, with times in UTC.

What makes the readings unusable fails here (no file, absent column or circuit, values that are not numbers or times,
nothing before the cutoff). What makes them doubtful (duplicated times, gaps, ranges, age) is left in, counted in
extraction.json, and judged by the workload's expectations, so that every failed one is named.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from .tables import CHANNELS, InputError, end_of, iso, write_json

CIRCUIT, TIME = "Wind_turbine_name", "Date_time"
EXAMPLES = 5
FIRST_LINE = 2  # of a row in a CSV with one header line


def read_scada(path: Path) -> pd.DataFrame:
    """Read the source's CSV, with every column that is needed."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: put the plant's readings there as scada.csv.")
    try:
        frame = pd.read_csv(path, low_memory=False)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty: not even a header line. Deliver the readings again.") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not a readable CSV file: {problem}. Deliver the readings again.") from None
    if absent := [name for name in (CIRCUIT, TIME, *CHANNELS) if name not in frame.columns]:
        raise InputError(f"{path} lacks the column(s) {', '.join(absent)}; it has {', '.join(frame.columns)}.")
    if frame.empty:
        raise InputError(f"{path} has a header and no rows. Deliver the readings again.")
    return frame


def extract(scada: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the circuit's rows in order of time, columns renamed, and a summary of what was seen."""
    rows = scada[scada[CIRCUIT].astype(str) == circuit]
    if rows.empty:
        known = ", ".join(sorted(scada[CIRCUIT].dropna().astype(str).unique()))
        raise InputError(f"Circuit {circuit} is not in the data, which has {known}. Correct the circuit or the data.")
    taken = pd.DataFrame({"timestamp": _times(rows)})
    for source, name in CHANNELS.items():
        taken[name] = _numbers(rows[source])
    first, last = taken["timestamp"].min(), taken["timestamp"].max()
    taken = taken[taken["timestamp"] < end_of(cutoff)].sort_values("timestamp", kind="stable", ignore_index=True)
    if taken.empty:
        raise InputError(
            f"The cutoff {cutoff} lies before the data of circuit {circuit}, which starts at {iso(first)}. "
            "Choose a later cutoff date."
        )
    repeated = taken["timestamp"][taken["timestamp"].duplicated()]
    summary: dict[str, object] = {
        "circuit": circuit,
        "cutoff_date": str(cutoff),
        "rows": len(taken),
        "first": iso(taken["timestamp"].iloc[0]),
        "last": iso(taken["timestamp"].iloc[-1]),
        "source_last": iso(last),
        "duplicated_timestamps": {"rows": len(repeated), "first": [iso(time) for time in repeated.head(EXAMPLES)]},
    }
    return taken, summary


def _times(rows: pd.DataFrame) -> pd.Series:
    text = rows[TIME].astype("string")
    times = pd.to_datetime(text, utc=True, errors="coerce", format="ISO8601")
    zoned = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).fillna(False)
    _refuse(
        rows[TIME], times.isna() | ~zoned, "are not ISO 8601 times with an offset, such as 2014-01-01T01:00:00+01:00"
    )
    return times.astype("datetime64[us, UTC]")


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
    parser.add_argument("--raw", type=Path, required=True, help="folder with scada.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    rows, summary = extract(read_scada(arguments.raw / "scada.csv"), arguments.circuit, arguments.cutoff_date)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "circuit.parquet", index=False)


if __name__ == "__main__":
    main()
