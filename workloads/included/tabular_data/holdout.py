"""The last days of the data, held out of training so that candidate and champion are measured on what neither has seen."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from .input_error import InputError
from .utc import end_of, iso


@dataclass(frozen=True)
class Holdout:
    """How the rows up to a cutoff are parted. training_rows, holdout_rows: fewer are refused. rows: what they are called in that message."""

    cutoff: date
    days: int
    training_rows: int
    holdout_rows: int
    rows: str

    def __post_init__(self) -> None:
        if self.days < 1:
            raise InputError(f"holdout_days is {self.days}: at least one day must be held out.")

    def part(self, usable: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
        """Return training rows, hold-out rows and the bounds of the two periods. usable: in order of their `timestamp`."""
        until = end_of(self.cutoff)
        since = until - pd.Timedelta(days=self.days)
        before = usable[usable["timestamp"] < until].reset_index(drop=True)
        training, holdout = before[before["timestamp"] < since], before[before["timestamp"] >= since]
        for name, found, least in (
            ("training period", training, self.training_rows),
            ("hold-out", holdout, self.holdout_rows),
        ):
            if len(found) < least:
                raise InputError(
                    f"The {name} has {len(found)} {self.rows} and needs {least} (cutoff {self.cutoff}, hold-out "
                    f"{self.days} days from {iso(since)}). Choose another cutoff date or another hold-out."
                )
        periods = {
            "training_from": iso(training["timestamp"].iloc[0]),
            "training_to": iso(training["timestamp"].iloc[-1]),
            "holdout_from": iso(since),
            "holdout_to": iso(until),
        }
        return training.reset_index(drop=True), holdout.reset_index(drop=True), periods
