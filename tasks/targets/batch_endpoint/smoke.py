"""The smoke test of a deployment: score the circuit's test data and look at what came out. (Seed 002, stage 2.)"""

import csv
import tempfile
from pathlib import Path

from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.parsing.log_errors import errors_of_log
from domain.unit import Unit
from domain.verification.smoke import SmokeEvidence, SmokeTest
from tasks.azure_errors import azure_errors
from tasks.azure_ml.datastore_files import list_files
from tasks.azure_ml.pipelines import logs_of, wait_for_job
from tasks.azure_ml.scoring_jobs import PREDICTIONS, invoke


def smoke_job(
    workspace: Workspace, test: SmokeTest, unit: Unit, endpoint: str, deployment: str | None
) -> SmokeEvidence:
    """Invoke the deployment, or the default, over the circuit's test data; wait, and gather what the verdict is made of."""
    data = test.data_for(unit)
    if not list_files(workspace, data):
        raise Terminal(
            f"{unit} has no test data: {data} in {workspace.workspace_name} is empty. Upload test_input.csv there "
            "(a small slice, the training data's columns), then run the release again."
        )
    job = invoke(workspace, endpoint, deployment, data)
    finished = wait_for_job(workspace, job, timeout_seconds=test.timeout_minutes * 60)
    client = workspace.get_client()
    with azure_errors(f"reading the results of job {job}"), tempfile.TemporaryDirectory() as folder:
        logs = dict(logs_of(client, job))
        for child in client.jobs.list(parent_job_name=job):
            logs |= logs_of(client, child.name)
        errors = errors_of_log("\n".join(logs.values()))
        if finished.status == "Completed":
            client.jobs.download(job, download_path=folder, output_name="score")
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.stat().st_size)
        columns, rows = _table([path for path in files if path.name == PREDICTIONS], test.columns)
    return SmokeEvidence(
        unit=unit,
        job=job,
        status=finished.status,
        seconds=finished.seconds,
        log_errors=errors,
        output_files=tuple(path.name for path in files),
        columns=columns,
        rows=rows,
    )


def _table(files: list[Path], expected: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """Columns and rows of the predictions. Azure ML writes no header and parts columns by spaces, so columns have the
    expected names when there are as many, and numbers otherwise."""
    if not files:
        return (), 0
    with files[0].open(newline="", errors="replace") as stream:
        rows = list(csv.reader(stream, delimiter=" "))
    widths = {len(row) for row in rows}
    if widths == {len(expected)}:
        return expected, len(rows)
    return tuple(f"column {position + 1}" for position in range(max(widths, default=0))), len(rows)
