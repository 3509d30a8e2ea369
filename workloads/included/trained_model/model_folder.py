"""A trained model's folder: how it is checked before it is loaded.

It holds model.joblib (scikit-learn only) and model.json, which says how a row becomes numbers (see `features`).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from tabular_data.input_error import InputError

from .features import features


@dataclass(frozen=True)
class LoadedModel:
    """A model whose files were checked, and what its model.json says."""

    estimator: Any
    description: dict[str, Any]

    def predict(self, frame: pd.DataFrame) -> Any:
        """Return one number a row, in the unit that model.json names."""
        rows = features(frame, self.description["columns"], self.description["categories"])
        with threadpool_limits(limits=1, user_api="openmp"):  # steps run side by side
            return self.estimator.predict(rows)


def content_digest(folder: Path) -> str:
    """Return the digest of a model folder, "sha256:" + hex: of one line `{sha256 of the file}  {relative path, with /}`
    a file, as sha256sum prints them, in the order of the paths' UTF-8 bytes."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not files:
        raise InputError(f"{folder} holds no files, so it has no digest. Is it the model's folder?")
    lines = (f"{sha256_of(files[name])}  {name}\n" for name in sorted(files, key=lambda name: name.encode()))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def model_folder(root: Path) -> Path:
    """Return the folder with model.json: `root`, or the one folder below it in which Azure ML put the model."""
    found = [path.parent for path in (root / "model.json", *sorted(root.glob("*/model.json"))) if path.is_file()]
    if len(found) != 1:
        raise InputError(f"{root} holds {len(found)} model.json files where one is needed. Register the model anew.")
    return found[0]


def load_model(root: Path, digest: str) -> LoadedModel:
    """Check the files below `root` against `digest`, then load them: loading a joblib file runs what it holds."""
    folder = model_folder(root)
    if (found := content_digest(folder)) != digest:
        raise InputError(
            f"The model files in {folder} have digest {found}, but {digest} was released: they changed after "
            "registration and were not loaded. Release the model again."
        )
    return LoadedModel(joblib.load(folder / "model.joblib"), json.loads((folder / "model.json").read_text()))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
