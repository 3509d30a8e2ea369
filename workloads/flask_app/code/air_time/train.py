"""Train: gradient boosting on the minutes in the air."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import joblib
import pandas as pd
import sklearn
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from tabular_data.json_file import write_json
from tabular_data.mltable import read_table
from trained_model.features import features
from trained_model.model_folder import sha256_of

from .metrics import score
from .tables import CATEGORIES, NUMBERS, PREDICTORS, TARGET

SEED = 20131231


def build_model(iterations: int) -> HistGradientBoostingRegressor:
    """Return the untrained model. It reads the rows that `features` makes, in the order of PREDICTORS."""
    return HistGradientBoostingRegressor(
        max_iter=iterations,
        learning_rate=0.1,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        categorical_features=[name in CATEGORIES for name in PREDICTORS],
        early_stopping=False,
        random_state=SEED,
    )


def train(rows: pd.DataFrame, periods: Mapping[str, str], data_sha256: str, folder: Path, iterations: int) -> None:
    """Fit on `rows` and write model.joblib and model.json. data_sha256: of the file that the rows came from."""
    categories = {name: sorted(rows[name].dropna().unique().tolist()) for name in CATEGORIES}
    matrix = features(rows, PREDICTORS, categories)
    model = build_model(iterations)
    with threadpool_limits(limits=1, user_api="openmp"):  # steps run side by side
        model.fit(matrix, rows[TARGET].to_numpy())
        fit = score(rows[TARGET], model.predict(matrix))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib", compress=3)
    description = {
        "columns": list(PREDICTORS),
        "categories": categories,
        "ranges": {name: [float(rows[name].min()), float(rows[name].max())] for name in NUMBERS},
        "target": TARGET,
        "unit": "minutes",
        "training": {
            "from": periods["training_from"],
            "to": periods["training_to"],
            "rows": len(rows),
            "data_sha256": data_sha256,
        },
        "fit": fit,
        "sklearn": sklearn.__version__,
        "iterations": iterations,
        "seed": SEED,
    }
    write_json(description, folder / "model.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=Path, required=True, help="output folder of split")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--model", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    periods = json.loads((arguments.training / "periods.json").read_text())
    digest = sha256_of(arguments.training / "data.parquet")
    train(read_table(arguments.training), periods, digest, arguments.model, arguments.iterations)


if __name__ == "__main__":
    main()
