"""Split: the hold-out is the last days before the cutoff, so it always comes after the training period."""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from tabular_data.holdout import Holdout
from tabular_data.input_error import InputError
from tabular_data.json_file import write_json
from tabular_data.mltable import read_table, write_table

from .tables import PREDICTORS, TARGET

MINIMUM_TRAINING_ROWS = 500
MINIMUM_HOLDOUT_ROWS = 50


def split(frame: pd.DataFrame, cutoff: date, holdout_days: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return training rows, hold-out rows (both with a price) and the bounds of the two periods."""
    if absent := [name for name in ("timestamp", TARGET, *PREDICTORS) if name not in frame.columns]:
        raise InputError(f"The data lacks the column(s) {', '.join(absent)}: prepare it again.")
    holdout = Holdout(cutoff, holdout_days, MINIMUM_TRAINING_ROWS, MINIMUM_HOLDOUT_ROWS, rows="sales with a price")
    return holdout.part(
        frame[frame[TARGET] > 0].sort_values("timestamp", kind="stable")
    )  # the model learns the price's logarithm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="MLTable folder")
    parser.add_argument("--cutoff-date", type=date.fromisoformat, required=True)
    parser.add_argument("--holdout-days", type=int, required=True)
    parser.add_argument("--training", type=Path, required=True, help="output folder")
    parser.add_argument("--holdout", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    training, holdout, periods = split(read_table(arguments.data), arguments.cutoff_date, arguments.holdout_days)
    for rows, folder in ((training, arguments.training), (holdout, arguments.holdout)):
        write_table(rows, folder)
        write_json(periods, folder / "periods.json")


if __name__ == "__main__":
    main()
