"""What a deployment answered: the rows of a scoring job's output, by what tells them apart."""

import csv
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.verification.prediction_shift import Key, usable
from domain.verification.replay import Replay
from tasks.azure_errors import azure_errors
from tasks.azure_ml.datastore_files import container_of, split_uri
from tasks.azure_ml.pipelines import wait_for_job
from tasks.azure_ml.scoring_jobs import PREDICTIONS
from tasks.training.predictions import MAX_BYTES

MOST_REASON = 300
"""Characters kept of a job's own reason: it goes into the ledger."""


@dataclass(frozen=True)
class Answered:
    """rows: key → prediction. repeated: rows whose key another row has. fault: why there are no rows."""

    rows: dict[Key, float] = field(default_factory=dict)
    repeated: int = 0
    fault: str = ""


def answers_of(workspace: Workspace, job: str, declared: Replay) -> Answered:
    """Wait for the job and read what it wrote; a job that fails or writes something else is a fault, not an error."""
    finished = wait_for_job(workspace, job, timeout_seconds=declared.timeout_minutes * 60)
    if finished.status != "Completed":
        return Answered(fault=f"job {job} ended {finished.status}. {' '.join(finished.reason.split())[-MOST_REASON:]}")
    with tempfile.TemporaryDirectory() as place:
        with azure_errors(f"downloading the answers of job {job}"):
            workspace.get_client().jobs.download(job, download_path=place, output_name="score")
        files = sorted(Path(place).rglob(PREDICTIONS))
        if len(files) != 1:
            return Answered(fault=f"job {job} wrote {len(files)} files {PREDICTIONS} where one is needed")
        if files[0].stat().st_size > MAX_BYTES:
            return Answered(fault=f"{PREDICTIONS} of job {job} is larger than {MAX_BYTES} bytes")
        # Azure ML writes no header and parts columns by spaces
        with files[0].open(newline="", errors="replace") as stream:
            return read_answers(csv.reader(stream, delimiter=" "), declared, f"{PREDICTIONS} of job {job}")


def read_answers(lines: Iterable[list[str]], declared: Replay, source: str) -> Answered:
    """Rows of the declared columns, in their order. source: what they are read from, for the fault."""
    at = declared.columns.index(declared.prediction)
    rows: dict[Key, float] = {}
    count = 0
    try:
        for line in lines:
            if len(line) != len(declared.columns):
                return Answered(
                    fault=f"a row of {source} has {len(line)} columns and {len(declared.columns)} are declared: "
                    f"{', '.join(declared.columns)}"
                )
            rows[(*line[:at], *line[at + 1 :])] = _number(line[at])
            count += 1
    except csv.Error as error:
        return Answered(fault=f"{source} is not a table: {error}")
    return Answered(rows, count - len(rows)) if rows else Answered(fault=f"{source} has no rows")


def expected_answers(workspace: Workspace, uri: str, declared: Replay) -> dict[Key, float]:
    """Golden answers from a CSV file with a header; Terminal where it is missing or not whole: people wrote it."""
    from azure.core.exceptions import ResourceNotFoundError

    datastore, path = split_uri(uri)
    wanted = f"Upload a CSV file with a header and the columns {', '.join(declared.columns)}, or take the circuit out of golden"
    with azure_errors(f"reading golden answers {uri}"):
        try:
            content = container_of(workspace, datastore).download_blob(path).readall()
        except ResourceNotFoundError as error:
            raise Terminal(f"there are no golden answers at {uri} in {workspace.workspace_name}. {wanted}.") from error
    table = csv.DictReader(content.decode("utf-8-sig", errors="replace").splitlines(), restval="")
    lines = [[line.get(name, "") for name in declared.columns] for line in table]
    found = read_answers(lines, declared, uri)
    wrong = sum(not usable(number) for number in found.rows.values())
    absent = [name for name in declared.columns if name not in (table.fieldnames or ())]
    faults = [
        *([f"no column {', '.join(absent)}"] if absent else []),
        *([found.fault] if found.fault else []),
        *(
            [f"{found.repeated} rows have the same {', '.join(declared.key_columns)} as another"]
            if found.repeated
            else []
        ),
        *([f"{wrong} rows have no finite number in {declared.prediction}"] if wrong else []),
    ]
    if faults:
        raise Terminal(f"golden answers {uri} cannot be used: {'; '.join(faults)}. {wanted}.")
    return found.rows


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan
