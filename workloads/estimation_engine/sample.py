"""A question for the scoring service, made of real sales: what a smoke test asks."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from workloads.estimation_engine.code.sale_price.extract import CIRCUIT, extract, read_sales
from workloads.estimation_engine.code.sale_price.tables import NUMBERS, PREDICTORS


def sample_question(sales: Path, until: date, rows: int = 5) -> dict[str, Any]:
    """The body of POST /v1/estimates for the newest `rows` sales up to and including `until`. sales: sales.csv."""
    newest = extract(read_sales(sales), CIRCUIT, until)[0].tail(rows)[list(PREDICTORS)]
    # a count has no fraction, and the service insists on it
    whole = {name: "int64" for name in NUMBERS.values() if (newest[name] % 1 == 0).all()}
    houses: list[dict[str, Any]] = json.loads(newest.astype(whole).to_json(orient="records"))
    return {"rows": houses}
