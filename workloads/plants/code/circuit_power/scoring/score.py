"""Score a circuit's readings: the entry script of an Azure ML batch deployment. It stands alone in its folder.

Environment: AZUREML_MODEL_DIR (set by Azure ML) and MODEL_DIGEST, the content digest the release was approved with.
Model files that do not have it are never loaded, because loading a joblib file runs what it holds.
"""

import csv
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

NAMES = ("plant", "circuit", "timestamp")
"""Columns that are text, byte for byte: circuit 001 is not circuit 1."""
MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None"})
"""How sources write that there is no number."""


class ScoringError(RuntimeError):
    """The model or the input cannot be used. The message says why and what to do."""


@dataclass(frozen=True)
class LoadedModel:
    """A model whose files were checked, and what its model.json says."""

    estimator: Any
    description: dict[str, Any]

    def predict(self, frame: pd.DataFrame) -> Any:
        """Return the predicted active power in kW, one number a row."""
        with threadpool_limits(limits=1, user_api="openmp"):  # a node runs several processes of this side by side
            return self.estimator.predict(frame[self.description["predictors"]])


def content_digest(folder: Path) -> str:
    """Return the digest of a model folder: "sha256:" + hex.

    Definition: for every regular file under `folder`, at any depth, hidden ones included, one line
    "{sha256 of the file's bytes, lower-case hex}  {path relative to folder, with / between parts}\\n" (two spaces, as
    sha256sum prints); lines in the order of the paths' UTF-8 bytes; the digest is the sha256 of the lines joined, in
    UTF-8. The folder's own name, modes, times and empty folders do not count. A folder without files is refused.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not files:
        raise ScoringError(f"{folder} holds no files, so it has no digest. Is it the model's folder?")
    lines = (f"{_sha256(files[name])}  {name}\n" for name in sorted(files, key=lambda name: name.encode()))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def model_folder(root: Path) -> Path:
    """Return the folder with model.json: `root`, or the one folder below it in which Azure ML put the model."""
    found = [path.parent for path in (root / "model.json", *sorted(root.glob("*/model.json"))) if path.is_file()]
    if len(found) != 1:
        raise ScoringError(f"{root} holds {len(found)} model.json files where one is needed. Register the model anew.")
    return found[0]


def load_model(root: Path, digest: str | None) -> LoadedModel:
    """Check the files below `root` against `digest`, then load them."""
    folder = model_folder(root)
    if not digest:
        raise ScoringError(f"No digest was given for the model in {folder} (MODEL_DIGEST): it is not loaded unchecked.")
    if (found := content_digest(folder)) != digest:
        raise ScoringError(
            f"The model files in {folder} have digest {found}, but {digest} was released: they changed after "
            "registration and were not loaded. Release the model again."
        )
    return LoadedModel(joblib.load(folder / "model.joblib"), json.loads((folder / "model.json").read_text()))


def score_frame(model: LoadedModel, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return plant, circuit, timestamp and predicted_power (kW) for every row of `frame`, in its order."""
    predictors = list(model.description["predictors"])
    if absent := [name for name in (*NAMES, *predictors) if name not in frame.columns]:
        raise ScoringError(f"{source} lacks the column(s) {', '.join(absent)}; it has {', '.join(frame.columns)}.")
    if frame.empty:
        raise ScoringError(f"{source} has no rows to score.")
    if wrong := [name for name in predictors if not pd.api.types.is_numeric_dtype(frame[name])]:
        raise ScoringError(f"{source} has values that are not numbers in {', '.join(wrong)}. Correct the input.")
    result: pd.DataFrame = frame[list(NAMES)].reset_index(drop=True)
    return result.assign(predicted_power=model.predict(frame))


def read_csv(path: str) -> pd.DataFrame:
    """Read one input file of the training schema: names as they are written, numbers where a column holds nothing else.

    A row that is not as long as the header is refused: its values would stand in other columns, and be scored.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            rows = []
            for row in reader:
                if row and len(row) != len(header):
                    raise ScoringError(
                        f"{path} has a row of {len(row)} fields under a header of {len(header)}, which ends on line "
                        f"{reader.line_num}. Correct the input."
                    )
                if row:
                    rows.append(row)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ScoringError(f"{path} is not a CSV file in UTF-8: {problem}. Correct the input.") from None
    if not header or len(set(header)) != len(header):
        raise ScoringError(f"{path} needs a header line that names each column once. Correct the input.")
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    return frame.assign(**{name: _numbers(frame[name]) for name in header if name not in NAMES})


def _numbers(column: pd.Series) -> pd.Series:
    text = column.str.strip()
    absent = text.isin(MISSING)
    found = pd.to_numeric(text.where(~absent), errors="coerce").astype("float64")
    return found if (absent | found.abs().lt(float("inf"))).all() else column


_loaded: list[LoadedModel] = []  # Azure ML's interface is init() once, then run() with nothing but file paths


def init() -> None:
    """Load the deployment's model; called once a process."""
    _loaded[:] = [load_model(Path(os.environ["AZUREML_MODEL_DIR"]), os.environ.get("MODEL_DIGEST"))]


def run(mini_batch: Sequence[str]) -> pd.DataFrame:
    """Score a few CSV files; called with each mini-batch."""
    if not _loaded:
        raise ScoringError("run() was called before init(): no model is loaded.")
    return pd.concat([score_frame(_loaded[0], read_csv(path), path) for path in mini_batch], ignore_index=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
