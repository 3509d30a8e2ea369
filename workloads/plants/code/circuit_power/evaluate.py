"""Evaluate: score the candidate and, when there is one, the champion on the same held-out rows."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from tabular_data.input_error import InputError
from tabular_data.json_file import write_json
from tabular_data.mltable import read_table

from .metrics import score
from .scoring.score import LoadedModel, content_digest, load_model, model_folder
from .tables import TARGET


def evaluate(
    holdout: pd.DataFrame, periods: Mapping[str, str], candidate: LoadedModel, champion: LoadedModel | None
) -> tuple[dict[str, object], pd.DataFrame]:
    """Return evaluation.json's content, and the measured and predicted power of every row."""
    predictions = holdout[["timestamp", TARGET]].assign(candidate=candidate.predict(holdout))
    warnings: list[str] = []
    if champion is not None:
        predictions = predictions.assign(champion=champion.predict(holdout))
        if (trained_to := champion.description["training"]["to"]) >= periods["holdout_from"]:
            warnings.append(f"The champion was trained on rows up to {trained_to}, so it has seen held-out rows.")
    return {
        "candidate": score(holdout[TARGET], predictions["candidate"]),
        "champion": None if champion is None else score(holdout[TARGET], predictions["champion"]),
        "holdout": {"from": periods["holdout_from"], "to": periods["holdout_to"]},
        "warnings": warnings,
    }, predictions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--holdout", type=Path, required=True, help="output folder of split")
    parser.add_argument("--model", type=Path, required=True, help="output folder of train")
    parser.add_argument("--champion", type=Path, help="model folder of the version that serves now")
    parser.add_argument("--champion-digest", help="content digest the champion was registered with")
    parser.add_argument("--evaluation", type=Path, required=True, help="output folder")
    arguments = parser.parse_args()
    if arguments.champion and not arguments.champion_digest:
        raise InputError("A champion was given without --champion-digest: its files cannot be checked before loading.")
    # the candidate came straight from the train step of this run: its own digest is the one to record
    candidate = load_model(arguments.model, content_digest(model_folder(arguments.model)))
    champion = load_model(arguments.champion, arguments.champion_digest) if arguments.champion else None
    periods = json.loads((arguments.holdout / "periods.json").read_text())
    result, predictions = evaluate(read_table(arguments.holdout), periods, candidate, champion)
    write_json(result, arguments.evaluation / "evaluation.json")
    predictions.to_csv(
        arguments.evaluation / "predictions.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ", float_format="%.3f"
    )


if __name__ == "__main__":
    main()
