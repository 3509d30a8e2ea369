"""What candidate and champion predicted for the held-out rows, as the training job wrote it down."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task

from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from tasks.azure_ml.pipelines import download_output
from tasks.retries import RETRIED

if TYPE_CHECKING:
    import pandas as pd

FILE = "predictions.csv"
MAX_BYTES = 64 * 1024 * 1024


@task(name="fetch predictions", **RETRIED)
def fetch_predictions(dev: Workspace, circuit: ChangedCircuit) -> "pd.DataFrame":
    """timestamp, the measured column, candidate and, when there was one, champion; Terminal where the job has none."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as place:
        folder = download_output(dev, circuit.training_job, "evaluation", Path(place))
        file = folder / FILE
        if not file.is_file():
            raise Terminal(f"training job {circuit.training_job} wrote no {FILE}")
        if file.stat().st_size > MAX_BYTES:
            raise Terminal(f"{FILE} of job {circuit.training_job} is larger than {MAX_BYTES} bytes")
        try:
            frame = pd.read_csv(file)
        except (ValueError, UnicodeDecodeError) as error:
            raise Terminal(f"{FILE} of job {circuit.training_job} is not a table: {error}") from error
    measured = [name for name in frame.columns if name not in {"timestamp", "candidate", "champion"}]
    if not {"timestamp", "candidate"} <= set(frame.columns) or len(measured) != 1 or frame.empty:
        raise Terminal(
            f"{FILE} of job {circuit.training_job} needs rows with timestamp, candidate and one measured column"
        )
    return frame
