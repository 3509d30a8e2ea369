"""What the prepared flights look like, and how they are kept: data.parquet beside an MLTable file."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

NUMBERS = ("distance", "month", "hour")  # miles; of the scheduled departure, in New York
CATEGORIES = ("origin", "destination", "carrier")
PREDICTORS = (*NUMBERS, *CATEGORIES)
TARGET = "air_time"  # minutes; absent where a flight was cancelled or diverted
PREPARED = ("plant", "circuit", "timestamp", TARGET, *PREDICTORS, "days_before_cutoff")


class InputError(ValueError):
    """The input cannot be used. The message says what is wrong and what to do."""


MLTABLE = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
- file: ./data.parquet
transformations:
- read_parquet
"""


def write_table(frame: pd.DataFrame, folder: Path) -> None:
    """Write `frame` so that the folder can be registered as an MLTable asset."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "data.parquet", index=False)
    (folder / "MLTable").write_text(MLTABLE)


def read_table(folder: Path) -> pd.DataFrame:
    """Read the rows of a folder written by `write_table`."""
    if absent := [name for name in ("MLTable", "data.parquet") if not (folder / name).is_file()]:
        raise InputError(
            f"{folder} holds no {' and no '.join(absent)}: pass the folder that the prepare pipeline wrote."
        )
    return pd.read_parquet(folder / "data.parquet")


def write_json(content: Mapping[str, object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def iso(moment: pd.Timestamp) -> str:
    """Return a UTC time as ISO 8601 with Z."""
    return moment.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(day: date) -> pd.Timestamp:
    """Return the midnight that ends `day`, in UTC."""
    return pd.Timestamp(str(day), tz="UTC") + pd.Timedelta(days=1)
