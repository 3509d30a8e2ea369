"""evaluation.json: what a training job wrote of candidate and champion."""

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.workspace import Workspace
from domain.errors import Terminal
from tasks.azure_ml.pipelines import download_output

FILE = "evaluation.json"
MAX_BYTES = 1024 * 1024


def evaluation_of(dev: Workspace, job: str) -> dict[str, Any]:
    """The document: `candidate`, and `champion` where there was one; Terminal when the job wrote nothing usable."""
    with tempfile.TemporaryDirectory() as place:
        file = download_output(dev, job, "evaluation", Path(place)) / FILE
        try:
            if file.stat().st_size > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES} bytes")
            document = json.loads(file.read_text())
            candidate = document["candidate"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Terminal(
                f"the evaluate step of job {job} wrote no usable {FILE} ({error}); it needs `candidate` with metrics"
            ) from error
    if not isinstance(candidate, dict) or not isinstance(document.get("champion", {}), dict | None):
        raise Terminal(f"{FILE} of job {job}: `candidate` and `champion` must be objects of metrics")
    return dict(document)


def numbers(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """The metrics that are finite numbers."""
    return {
        name: float(value)
        for name, value in (metrics or {}).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
