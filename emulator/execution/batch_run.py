"""A scoring job: mini-batches of files through the deployment's script, results appended to one file."""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os import cpu_count
from pathlib import Path
from typing import Any

from emulator.arm.errors import AzureError
from emulator.execution.batch_worker import BatchWorker, WorkerError
from emulator.execution.locations import locate
from emulator.execution.process import UserProcess
from emulator.execution.records import JobRecord
from emulator.execution.warm.warm_start import WarmStart
from emulator.state import State

MOST_WORKERS = 2 * (cpu_count() or 1)
"""This machine's limit; a deployment's instance_count × concurrency is honoured up to it, and the log says so."""


@dataclass
class Tally:
    """What the workers have done together."""

    errors: int = 0
    rows: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def run_batch(state: State, warm: WarmStart, record: JobRecord, new_process: Callable[[], UserProcess]) -> None:
    """Score every file and set the record's end. new_process: something whose `stopped` tells of a cancellation."""
    record.begin()
    child = record.add_child(
        f"{record.id.name}-batchscoring", {"jobType": "Command", "displayName": "batchscoring", "tags": {}}
    )
    child.begin()
    folder = state.folder / "runs" / record.id.name
    shutil.rmtree(folder, ignore_errors=True)
    cancelled = new_process().stopped
    try:
        failure = _score(state, warm, record, child, folder, cancelled)
    except AzureError as error:
        failure = error.message
    except OSError as error:
        failure = f"a file of the deployment or of its input could not be read: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failure:
        child.write_log(f"ERROR: {failure}")
    status = "Canceled" if cancelled.is_set() else ("Failed" if failure else "Completed")
    for one in (child, record):
        one.end(status, failure)


def _score(
    state: State, warm: WarmStart, record: JobRecord, child: JobRecord, folder: Path, cancelled: threading.Event
) -> str:
    properties = record.properties["batch"]
    folder.mkdir(parents=True)
    code, model, data = folder / "code", folder / "model", folder / "data"
    shutil.copytree(locate(state, record.workspace, properties["code"]).file(state), code)
    variables = {name: str(value) for name, value in (properties.get("environmentVariables") or {}).items()}
    if properties.get("model"):
        source = locate(state, record.workspace, properties["model"]).file(state)
        shutil.copytree(source, model / source.name) if source.is_dir() else _copy(source, model / source.name)
        variables["AZUREML_MODEL_DIR"] = str(model)
    files = _input_files(state, record, properties["inputs"], data)
    size = max(1, int(properties.get("miniBatchSize") or 10))
    batches = [files[start : start + size] for start in range(0, len(files), size)]
    wanted = max(1, int(properties.get("instanceCount") or 1)) * max(
        1, int(properties.get("maxConcurrencyPerInstance") or 1)
    )
    workers = max(1, min(wanted, len(batches), MOST_WORKERS))
    child.write_log(f"{len(files)} files in {len(batches)} mini-batches; {wanted} workers asked for, {workers} started")
    script = code / properties["scoringScript"]
    if not script.is_file():
        return f"the scoring script {properties['scoringScript']} is not in the deployment's code"
    results = folder / "results"
    results.mkdir()
    tally, threshold = Tally(), int(properties.get("errorThreshold", -1))
    session = _Session(script, code, variables, child.log, results, properties, tally, threshold, cancelled, warm)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        list(pool.map(session.work, [list(enumerate(batches))[start::workers] for start in range(workers)]))
    if session.fatal or cancelled.is_set():
        return session.fatal
    child.write_log(f"{tally.rows} rows, {tally.errors} errors, threshold {threshold}")
    if 0 <= threshold < tally.errors:
        return f"{tally.errors} items failed, more than the error threshold {threshold}"
    _store(state, record, child, sorted(results.iterdir()), properties)
    return ""


@dataclass
class _Session:
    script: Path
    folder: Path
    variables: dict[str, str]
    log: Path
    results: Path
    properties: dict[str, Any]
    tally: Tally
    threshold: int
    cancelled: threading.Event
    warm: WarmStart
    fatal: str = ""

    def work(self, batches: Sequence[tuple[int, Sequence[str]]]) -> None:
        """One worker's share of the mini-batches."""
        worker: BatchWorker | None = None
        try:
            for number, files in batches:
                if self.cancelled.is_set() or self.fatal or 0 <= self.threshold < self.tally.errors:
                    return
                worker = self._one(worker, number, files)
        except WorkerError as error:
            self.fatal = f"the entry script could not be started: {error}"
        finally:
            if worker is not None:
                worker.stop()

    def _one(self, worker: BatchWorker | None, number: int, files: Sequence[str]) -> BatchWorker | None:
        settings = self.properties.get("retrySettings") or {}
        attempts, seconds = 1 + int(settings.get("maxRetries", 3)), float(settings.get("timeoutSeconds", 60))
        result = self.results / f"{number:08d}"
        rows: int | None = None
        for _ in range(attempts):
            worker = worker or BatchWorker(
                self.script, self.folder, self.variables, self.log, self.cancelled, self.warm
            )
            try:
                rows = worker.run(files, result, seconds)
            except WorkerError as error:
                worker, rows = None, None
                with self.log.open("a") as stream:
                    stream.write(f"ERROR: mini-batch {number}: {error}\n")
            if rows is not None or self.cancelled.is_set():
                break
        with self.tally.lock:
            self.tally.errors += max(0, len(files) - (rows or 0))
            self.tally.rows += rows or 0
        return worker


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _input_files(state: State, record: JobRecord, inputs: Sequence[str], place: Path) -> list[str]:
    found: list[str] = []
    for position, address in enumerate(inputs):
        source = locate(state, record.workspace, address).file(state)
        target = place / str(position) / source.name
        if source.is_dir():
            shutil.copytree(source, target)
            found += sorted(str(item) for item in target.rglob("*") if item.is_file())
        elif source.is_file():
            _copy(source, target)
            found.append(str(target))
    if not found:
        raise AzureError(400, "UserError", f"The input {', '.join(inputs)} has no files to score.")
    return found


def _store(
    state: State, record: JobRecord, child: JobRecord, results: Sequence[Path], properties: dict[str, Any]
) -> None:
    address = str(
        properties.get("output") or f"azureml://datastores/workspaceblobstore/paths/azureml/{child.id.name}/score/"
    )
    location = locate(state, record.workspace, address)
    if str(properties.get("outputAction", "AppendRow")).lower() == "appendrow":
        content = b"".join(item.read_bytes() for item in results)
        name = str(properties.get("outputFileName") or "predictions.csv")
        state.blobs.write(location.account, location.container, location.inside(name).path, content)
    child.update(outputs={"score": {"jobOutputType": "uri_folder", "uri": address}})
