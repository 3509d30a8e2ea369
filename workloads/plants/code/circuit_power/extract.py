"""Extract: one circuit's readings up to and including the cutoff date, with times in UTC.

What makes the readings unusable fails here (no file, absent column or circuit, values that are not numbers or times,
nothing before the cutoff). What makes them doubtful (duplicated times, gaps, ranges, age) is left in, counted in
extraction.json, and judged by the workload's expectations, so that every failed one is named.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.csv_file import listed, not_read, numbers, read_text, times
from tabular_data.input_error import InputError
from tabular_data.json_file import write_json
from tabular_data.utc import end_of, iso

from .tables import CHANNELS

CIRCUIT, TIME = "Wind_turbine_name", "Date_time"
FILE = "scada.csv"
EXAMPLES = 5


def read_scada(path: Path) -> pd.DataFrame:
    """Read the source's CSV: the columns that are needed, as text."""
    return read_text(path, (CIRCUIT, TIME, *CHANNELS))


def extract(scada: pd.DataFrame, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the circuit's rows in order of time, columns renamed, and a summary of what was seen."""
    names = scada[CIRCUIT]
    rows = scada[names == circuit]
    blanks = names[(names.str.strip() == circuit) & (names != circuit)]
    if len(blanks):
        raise InputError(
            f"{len(blanks)} row(s) name the circuit {blanks.iloc[0]!r}, with blanks, beside {circuit!r}: first on line "
            f"{blanks.index[0]}. Names of circuits are text, and these would be left out; correct the source."
        )
    if rows.empty:
        known = listed(sorted(repr(name) for name in names[names.str.strip() != ""].unique()))
        raise InputError(f"Circuit {circuit!r} is not in the data, which has {known}. Correct the circuit or the data.")
    taken = pd.DataFrame({"timestamp": times(rows[TIME])})
    for source, name in CHANNELS.items():
        taken[name] = numbers(rows[source])
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


def nameless(scada: pd.DataFrame) -> list[str]:
    """Rows that belong to no circuit, as it is said to people."""
    count = int((scada[CIRCUIT].str.strip() == "").sum())
    return [f"{count} row(s) without a circuit"] if count else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with scada.csv")
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True, help="last day to take, UTC")
    parser.add_argument("--extracted", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    file = arguments.raw / FILE
    scada = read_scada(file)
    rows, summary = extract(scada, arguments.circuit, arguments.cutoff_date)
    summary["left_out"] = nameless(scada) + not_read(file)
    write_json(summary, arguments.extracted / "extraction.json")
    rows.to_parquet(arguments.extracted / "circuit.parquet", index=False)


if __name__ == "__main__":
    main()
