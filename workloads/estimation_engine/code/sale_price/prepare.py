"""Prepare: the sales as an MLTable with a summary. Nothing is mended: missing and implausible values stay, for the
expectations to find; training leaves out sales without a price.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.json_file import write_json
from tabular_data.mltable import write_table
from tabular_data.utc import end_of, iso

from .tables import PREDICTORS, PREPARED, TARGET

SECONDS_A_DAY = 86_400


def prepare(rows: pd.DataFrame, plant: str, circuit: str, cutoff: date) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the training schema's rows, and what they are like."""
    age = (end_of(cutoff) - rows["timestamp"]).dt.total_seconds() / SECONDS_A_DAY
    prepared = rows.assign(plant=plant, circuit=circuit, days_before_cutoff=age)[list(PREPARED)]
    summary: dict[str, object] = {
        "plant": plant,
        "circuit": circuit,
        "cutoff_date": str(cutoff),
        "rows": len(prepared),
        "first": iso(prepared["timestamp"].iloc[0]),
        "last": iso(prepared["timestamp"].iloc[-1]),
        "null_share": {name: round(float(prepared[name].isna().mean()), 6) for name in (TARGET, *PREDICTORS)},
        "mean_price": round(float(prepared[TARGET].mean()), 2) if prepared[TARGET].notna().any() else None,
    }
    return prepared, summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extracted", type=Path, required=True, help="output folder of extract")
    parser.add_argument("--plant", required=True)
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True)
    parser.add_argument("--prepared", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    rows = pd.read_parquet(arguments.extracted / "sales.parquet")
    prepared, summary = prepare(rows, arguments.plant, arguments.circuit, arguments.cutoff_date)
    extraction = json.loads((arguments.extracted / "extraction.json").read_text())
    summary |= {"left_out": extraction.pop("left_out"), "extraction": extraction}
    write_table(prepared, arguments.prepared)
    write_json(summary, arguments.prepared / "summary.json")


if __name__ == "__main__":
    main()
