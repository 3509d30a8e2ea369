"""The model that is served, loaded only if its files are those that were released."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from .flight import FIELDS

UNKNOWN = float("nan")


class Refusal(RuntimeError):  # noqa: N818 — it is what /ready answers
    """The model is not served. The message says why and what to do."""


@dataclass(frozen=True)
class Model:
    """columns: in the order in which the estimator reads them. codes: each known word's number. ranges: least and most
    that it learned from."""

    estimator: Any
    columns: tuple[str, ...]
    codes: Mapping[str, Mapping[str, int]]
    ranges: Mapping[str, tuple[float, float]]

    def predictions(self, flights: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return each flight's minutes in the air, and the fields in which it is unlike all that the model learned from."""
        rows = [[self._number(name, flight[name]) for name in self.columns] for flight in flights]
        with threadpool_limits(limits=1, user_api="openmp"):  # threads cost more than they save on a thousand rows
            minutes = self.estimator.predict(np.array(rows, dtype="float64")).tolist()
        return [
            {
                "minutes": round(taken, 1),
                "outside_training": [name for name in self.columns if not self._known(name, flight[name])],
            }
            for taken, flight in zip(minutes, flights, strict=True)
        ]

    def _number(self, name: str, value: Any) -> float:
        return self.codes[name].get(value, UNKNOWN) if name in self.codes else float(value)

    def _known(self, name: str, value: Any) -> bool:
        if name in self.codes:
            return value in self.codes[name]
        least, most = self.ranges[name]
        return bool(least <= value <= most)


def load(folder: Path, digest: str) -> Model:
    """Check the files against the digest that was released, then load them: loading a joblib file runs what it holds."""
    if (found := content_digest(folder)) != digest:
        raise Refusal(
            f"the model files in {folder} have digest {found}, but MODEL_DIGEST is {digest}: they are not what was "
            "released, and were not loaded. Build the image from the released model, or release this one"
        )
    try:
        description = json.loads((folder / "model.json").read_text())
        columns = tuple(description["columns"])
        codes = {
            name: {word: code for code, word in enumerate(words)} for name, words in description["categories"].items()
        }
        ranges = {name: (float(least), float(most)) for name, (least, most) in description["ranges"].items()}
        trained_with = description["sklearn"]
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise Refusal(
            f"{folder / 'model.json'} does not describe a model ({problem!r}). Train the model again"
        ) from None
    if other := sorted({*columns} ^ {*FIELDS} | {*columns} ^ {*codes, *ranges}):
        raise Refusal(f"the model and this service differ in {', '.join(other)}. Release a model for this service")
    if trained_with != sklearn.__version__:
        raise Refusal(
            f"the model was trained with scikit-learn {trained_with}, and this image has {sklearn.__version__}, in which "
            "it may answer otherwise. Build the image with that version"
        )
    return Model(joblib.load(folder / "model.joblib"), columns, codes, ranges)


def content_digest(folder: Path) -> str:
    """Return "sha256:" + hex of one line a file, `{sha256 of the file, hex}  {path relative to folder, with /}` as
    sha256sum prints them, in the order of the paths' UTF-8 bytes."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not files:
        raise Refusal(f"{folder} holds no files: put the model's folder there (MODEL_DIR)")
    lines = (f"{_sha256(files[name])}  {name}\n" for name in sorted(files, key=lambda name: name.encode()))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
