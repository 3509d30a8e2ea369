"""Split: the hold-out is the last days before the cutoff, so it always comes after the training period."""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd

from .tables import PREDICTORS, TARGET, InputError, end_of, iso, read_table, write_json, write_table

MINIMUM_TRAINING_ROWS = 5000
MINIMUM_HOLDOUT_ROWS = 500


def split(frame: pd.DataFrame, cutoff: date, holdout_days: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return training rows, hold-out rows (all of them flown) and the bounds of the two periods."""
    if absent := [name for name in ("timestamp", TARGET, *PREDICTORS) if name not in frame.columns]:
        raise InputError(f"The data lacks the column(s) {', '.join(absent)}: prepare it again.")
    if holdout_days < 1:
        raise InputError(f"holdout_days is {holdout_days}: at least one day must be held out.")
    until = end_of(cutoff)
    since = until - pd.Timedelta(days=holdout_days)
    flown = frame[(frame[TARGET] > 0) & (frame["timestamp"] < until)].sort_values(
        "timestamp", kind="stable", ignore_index=True
    )
    training, holdout = flown[flown["timestamp"] < since], flown[flown["timestamp"] >= since]
    for name, rows, least in (
        ("training period", training, MINIMUM_TRAINING_ROWS),
        ("hold-out", holdout, MINIMUM_HOLDOUT_ROWS),
    ):
        if len(rows) < least:
            raise InputError(
                f"The {name} has {len(rows)} flights that were flown and needs {least} (cutoff {cutoff}, hold-out "
                f"{holdout_days} days from {iso(since)}). Choose another cutoff date or another hold-out."
            )
    periods = {
        "training_from": iso(training["timestamp"].iloc[0]),
        "training_to": iso(training["timestamp"].iloc[-1]),
        "holdout_from": iso(since),
        "holdout_to": iso(until),
    }
    return training.reset_index(drop=True), holdout.reset_index(drop=True), periods


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
