"""Prepare: clean one circuit's readings and write them as an MLTable with a summary.

The source stamps two readings with the same time in the hour when the clocks go forward (the last Sunday of March,
01:00 UTC), and nothing tells which is which: both are dropped and counted. Any other repeated time stays, for the
expectations to find. Missing values stay too; training leaves out rows without a measured power.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.json_file import write_json
from tabular_data.mltable import write_table
from tabular_data.utc import end_of, iso

from .tables import CHANNELS, PREPARED, TARGET

SECONDS_A_DAY = 86_400


def prepare(rows: pd.DataFrame, plant: str, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the training schema's rows, and what was done to them."""
    ambiguous = rows["timestamp"].duplicated(keep=False) & _clock_goes_forward(rows["timestamp"])
    clean = rows[~ambiguous].reset_index(drop=True)
    clean = clean.assign(
        plant=plant,
        circuit=circuit,
        days_before_cutoff=(end_of(cutoff) - clean["timestamp"]).dt.total_seconds() / SECONDS_A_DAY,
    )[list(PREPARED)]
    channels = list(CHANNELS.values())
    summary: dict[str, object] = {
        "plant": plant,
        "circuit": circuit,
        "cutoff_date": str(cutoff),
        "rows": len(clean),
        "dropped_at_clock_change": int(ambiguous.sum()),
        "first": iso(clean["timestamp"].iloc[0]) if len(clean) else None,
        "last": iso(clean["timestamp"].iloc[-1]) if len(clean) else None,
        "null_share": {name: round(float(clean[name].isna().mean()), 6) for name in channels} if len(clean) else {},
        "mean_power_kw": round(float(clean[TARGET].mean()), 3) if clean[TARGET].notna().any() else None,
    }
    return clean, summary


def _clock_goes_forward(times: pd.Series) -> pd.Series:
    march_31 = pd.to_datetime(times.dt.year.astype(str) + "-03-31", utc=True)
    sunday = march_31 - pd.to_timedelta((march_31.dt.day_of_week + 1) % 7, unit="D")
    hour = pd.Timedelta(hours=1)
    return times.between(sunday + hour, sunday + 2 * hour, inclusive="left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extracted", type=Path, required=True, help="output folder of extract")
    parser.add_argument("--plant", required=True)
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True)
    parser.add_argument("--prepared", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    rows = pd.read_parquet(arguments.extracted / "circuit.parquet")
    prepared, summary = prepare(rows, arguments.plant, arguments.circuit, arguments.cutoff_date)
    extraction = json.loads((arguments.extracted / "extraction.json").read_text())
    summary |= {"left_out": extraction.pop("left_out"), "extraction": extraction}
    write_table(prepared, arguments.prepared)
    write_json(summary, arguments.prepared / "summary.json")


if __name__ == "__main__":
    main()
