"""Rows as steps hand them on: data.parquet beside an MLTable file."""

from pathlib import Path

import pandas as pd

from .input_error import InputError

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
