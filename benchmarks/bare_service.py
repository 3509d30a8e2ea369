"""The least that the scoring service's framework can serve around the same model: no validation, no digest, no measures, no log.

Run by benchmarks/service.py: `MODEL_DIR=… python -m uvicorn benchmarks.bare_service:app`.
"""

import os
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from fastapi import FastAPI, Request
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

app = FastAPI()
_model = joblib.load(Path(os.environ["MODEL_DIR"]) / "model.joblib")
_house = np.zeros((1, _model.n_features_in_))
threadpool_limits(limits=1, user_api="openmp")


@app.post("/nothing")
async def nothing(request: Request) -> dict[str, Any]:
    """Parse and answer."""
    return {"estimates": len((await request.json())["rows"])}


@app.post("/predicted")
async def predicted(request: Request) -> dict[str, Any]:
    """Parse, predict as many rows, answer."""
    rows = (await request.json())["rows"]
    return {"estimates": _model.predict(np.repeat(_house, len(rows), axis=0)).tolist()}
