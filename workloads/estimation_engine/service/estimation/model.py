"""The model that is served, loaded only if its files are those that were released."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from .content import Refusal, content_digest
from .house import House
from .messages import Estimate

UNKNOWN = float("nan")


@dataclass(frozen=True)
class Model:
    """columns: in the order in which the estimator reads them. codes: each known word's number. ranges: least and most
    that it learned from."""

    estimator: Any
    columns: tuple[str, ...]
    codes: Mapping[str, Mapping[str, int]]
    ranges: Mapping[str, tuple[float, float]]

    def estimates(self, houses: Sequence[House]) -> list[Estimate]:
        """Return one estimate a house, all calculated at once."""
        rows = [[getattr(house, name) for name in self.columns] for house in houses]
        for place, name in enumerate(self.columns):
            if codes := self.codes.get(name):
                for row in rows:
                    row[place] = codes.get(row[place], UNKNOWN)
        matrix = np.array(rows, dtype="float64")
        least, most = (np.array([self.ranges.get(name, (0.0, np.inf))[end] for name in self.columns]) for end in (0, 1))
        outside = ~((matrix >= least) & (matrix <= most))  # an unknown word is NaN, which lies nowhere
        return [
            Estimate(price=price, outside_training=[name for name, out in zip(self.columns, flags, strict=True) if out])
            for price, flags in zip(self.estimator.predict(matrix).tolist(), outside.tolist(), strict=True)
        ]


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
    if other := sorted(set(columns) ^ set(House.model_fields)):
        raise Refusal(f"the model and this service differ in {', '.join(other)}. Release a model for this service")
    if trained_with != sklearn.__version__:
        raise Refusal(
            f"the model was trained with scikit-learn {trained_with}, and this image has {sklearn.__version__}, in which "
            "it may answer otherwise. Build the image with that version"
        )
    estimator = joblib.load(folder / "model.joblib")
    threadpool_limits(limits=1, user_api="openmp")  # threads cost more than they save on a thousand rows
    return Model(estimator, columns, codes, ranges)
