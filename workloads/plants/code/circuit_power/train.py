"""Train: a model of a circuit's active power from its other channels, with everything it needs inside one file."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from tabular_data.json_file import write_json
from tabular_data.mltable import read_table

from .metrics import score
from .tables import ANGLES, PREDICTORS, TARGET

SEED = 20140101


def build_model(iterations: int, seed: int = SEED) -> Pipeline:
    """Return the untrained model. Directions become sine and cosine inside it, so scoring cannot do it otherwise."""
    circle = FeatureUnion(
        [
            (wave.__name__, make_pipeline(FunctionTransformer(np.deg2rad), FunctionTransformer(wave)))
            for wave in (np.sin, np.cos)
        ]
    )
    straight = [name for name in PREDICTORS if name not in ANGLES]
    features = ColumnTransformer([("angles", circle, list(ANGLES)), ("channels", "passthrough", straight)])
    trees = HistGradientBoostingRegressor(
        max_iter=iterations, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=seed
    )
    return Pipeline([("features", features), ("trees", trees)])


def train(rows: pd.DataFrame, periods: Mapping[str, str], folder: Path, iterations: int) -> None:
    """Fit on `rows` and write model.joblib and model.json."""
    model = build_model(iterations)
    # circuits train side by side: threads inside each make four at once on two cores four times slower, one no faster
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(rows[list(PREDICTORS)], rows[TARGET])
        fit = score(rows[TARGET], model.predict(rows[list(PREDICTORS)]))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib", compress=3)
    description = {
        "predictors": list(PREDICTORS),
        "target": TARGET,
        "unit": "kW",
        "training": {"from": periods["training_from"], "to": periods["training_to"], "rows": len(rows)},
        "fit": fit,
        "sklearn": sklearn.__version__,
        "iterations": iterations,
        "seed": SEED,
    }
    write_json(description, folder / "model.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=Path, required=True, help="output folder of split")
    parser.add_argument("--iterations", type=int, default=150)
    parser.add_argument("--model", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    periods = json.loads((arguments.training / "periods.json").read_text())
    train(read_table(arguments.training), periods, arguments.model, arguments.iterations)


if __name__ == "__main__":
    main()
