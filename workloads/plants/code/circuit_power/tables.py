"""What the prepared data of one circuit looks like, and how it is kept: data.parquet beside an MLTable file."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

CHANNELS = {
    "Ba_avg": "blade_pitch",  # degrees
    "P_avg": "active_power",  # kW
    "Ws_avg": "wind_speed",  # m/s
    "Va_avg": "vane_angle",  # degrees off the nacelle's axis
    "Ot_avg": "outdoor_temperature",  # °C
    "Ya_avg": "nacelle_angle",  # degrees
    "Wa_avg": "wind_direction",  # degrees
}
"""Channels of the source's CSV and what they are called here."""

TARGET = "active_power"
ANGLES = ("nacelle_angle", "wind_direction")
PREDICTORS = ("blade_pitch", "wind_speed", "vane_angle", "outdoor_temperature", *ANGLES)
PREPARED = ("plant", "circuit", "timestamp", TARGET, *PREDICTORS, "days_before_cutoff")


class InputError(ValueError):
    """The input cannot be used. The message says what is wrong and what to do."""


def write_table(frame: pd.DataFrame, folder: Path) -> None:
    """Write `frame` as data.parquet with an MLTable file, so that the folder can be registered as an MLTable asset."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "data.parquet", index=False)
    table = {
        "$schema": "https://azuremlschemas.azureedge.net/latest/MLTable.schema.json",
        "type": "mltable",
        "paths": [{"file": "./data.parquet"}],
        "transformations": ["read_parquet"],
    }
    (folder / "MLTable").write_text(yaml.safe_dump(table, sort_keys=False))


def read_table(folder: Path) -> pd.DataFrame:
    """Read the rows of an MLTable folder written by `write_table`."""
    description = folder / "MLTable"
    if not description.is_file():
        raise InputError(f"{folder} holds no MLTable file: pass the folder that the prepare pipeline wrote.")
    paths = [folder / entry["file"] for entry in yaml.safe_load(description.read_text())["paths"]]
    if absent := [str(path) for path in paths if not path.is_file()]:
        raise InputError(f"{description} names files that are not there: {', '.join(absent)}. Prepare the data again.")
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def write_json(content: Mapping[str, object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def iso(moment: pd.Timestamp) -> str:
    """Return a UTC time as ISO 8601 with Z."""
    return moment.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(day: date) -> pd.Timestamp:
    """Return the midnight that ends `day`, in UTC."""
    return pd.Timestamp(str(day), tz="UTC") + pd.Timedelta(days=1)
