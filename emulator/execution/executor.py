"""Runs jobs, as many at once as their compute and this machine have room for."""

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable

from isodate import parse_duration

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.execution.batch_run import run_batch
from emulator.execution.command_run import Command, input_of, run_command
from emulator.execution.pipeline_run import PipelineRun
from emulator.execution.process import UserProcess
from emulator.execution.records import ENDED, JobRecord
from emulator.execution.warm.warm_start import WarmStart
from emulator.state import State

INTERRUPTED = "The emulator stopped while this job ran. Submit it again."

logger = logging.getLogger(__name__)


class Executor:
    """Every job of one emulator. Jobs that an earlier process left unfinished are Failed, with the reason."""

    def __init__(self, state: State, warm: WarmStart) -> None:
        self._state, self._warm = state, warm
        self._lock = threading.Lock()
        self._processes: dict[str, list[UserProcess]] = defaultdict(list)
        self._cancelled: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._machine = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._clusters: dict[str, threading.BoundedSemaphore] = {}
        for record in self._unfinished():
            record.end("Failed", INTERRUPTED)

    def _unfinished(self) -> list[JobRecord]:
        jobs = self._state.store.all_of("Microsoft.MachineLearningServices/workspaces/jobs")
        return [
            JobRecord(self._state, ResourceId.parse(job["id"]))
            for job in jobs
            if job["properties"].get("status") not in ENDED
        ]

    def submit(self, id: ResourceId) -> None:
        """Start a job that is in the store; returns at once."""
        record = JobRecord(self._state, id)
        run: Callable[[JobRecord], None] = {
            "command": self._run_command,
            "pipeline": self._run_pipeline,
            "batch": self._run_batch,
        }["batch" if "batch" in record.properties else str(record.properties["jobType"]).lower()]
        thread = threading.Thread(target=self._guarded, args=(run, record), name=f"job {id.name}", daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def cancel(self, name: str) -> None:
        """End a job and the steps inside it."""
        with self._lock:
            self._cancelled.add(name)
            processes = list(self._processes.get(name, ()))
        for process in processes:
            process.stop()

    def shutdown(self) -> None:
        """End every process that was started and wait for the jobs to notice; what had not ended is Failed, with the reason."""
        unfinished = self._unfinished()
        for record in unfinished:
            record.end("Failed", INTERRUPTED)
        with self._lock:
            names = {*self._processes, *(record.id.name for record in unfinished)}
        for name in names:
            self.cancel(name)
        for thread in self._threads:
            thread.join(timeout=10)
        with self._lock:
            self._processes.clear()
            self._cancelled.clear()
            self._clusters.clear()

    def _guarded(self, run: Callable[[JobRecord], None], record: JobRecord) -> None:
        try:
            run(record)
        except AzureError as error:
            record.write_log(f"{error.code}: {error.message}")
            record.end("Failed", error.message)
        except Exception as error:
            logger.exception("job %s", record.id.name)
            record.end("Failed", f"The emulator failed: {error}")
        finally:
            with self._lock:
                self._processes.pop(record.id.name, None)

    def _process(self, job: str) -> UserProcess:
        """A process that ends when the job is cancelled."""
        process = UserProcess(self._warm)
        with self._lock:
            self._processes[job].append(process)
            if job in self._cancelled:
                process.stopped.set()
        return process

    def _run_command(self, record: JobRecord) -> None:
        properties = record.properties
        inputs = {
            name: value
            for name, rest in (properties.get("inputs") or {}).items()
            if (value := input_of(rest)) is not None
        }
        outputs = {
            name: (str((rest or {}).get("jobOutputType") or "uri_folder"), str(rest["uri"]))
            for name, rest in (properties.get("outputs") or {}).items()
            if name != "default"
        }
        variables = {name: str(value) for name, value in (properties.get("environmentVariables") or {}).items()}
        timeout = _seconds((properties.get("limits") or {}).get("timeout"))
        command = Command(str(properties["command"]), properties.get("codeId"), inputs, outputs, variables, timeout)
        self._run_step(record.id.name, record, command, str(properties.get("computeId") or ""))

    def _run_pipeline(self, record: JobRecord) -> None:
        record.begin()
        name = record.id.name
        run = PipelineRun(
            self._state, record, lambda child, command, compute: self._run_step(name, child, command, compute)
        )
        status = run.run()
        if name in self._cancelled:
            status = "Canceled"
        record.end(status, "A step of the pipeline failed; its own log tells why." if status == "Failed" else "")

    def _run_batch(self, record: JobRecord) -> None:
        cluster = self._cluster(str(record.properties.get("computeId") or ""))
        record.update(status="Queued")
        with cluster:
            run_batch(self._state, self._warm, record, lambda: self._process(record.id.name))

    def _run_step(self, job: str, record: JobRecord, command: Command, compute: str) -> str:
        process = self._process(job)
        record.update(status="Queued")
        with self._cluster(compute), self._machine:
            if process.stopped.is_set():
                record.end("Canceled")
            else:
                run_command(self._state, record, command, process)
        return str(record.properties["status"])

    def _cluster(self, compute: str) -> threading.BoundedSemaphore:
        """Room on a cluster: as many jobs at once as it has nodes."""
        key = compute.lower()
        document = self._state.store.get(compute)
        if document is None and compute:
            raise AzureError(404, "UserError", f"Compute target {compute.rsplit('/', 1)[-1]} was not found.")
        scale = ((document or {}).get("properties", {}).get("properties") or {}).get("scaleSettings") or {}
        with self._lock:
            return self._clusters.setdefault(
                key, threading.BoundedSemaphore(max(1, int(scale.get("maxNodeCount") or 1)))
            )


def _seconds(duration: object) -> float | None:
    """ISO 8601 durations as the SDK writes them (`PT90S`, `PT1M30S`)."""
    if not isinstance(duration, str):
        return None
    return float(parse_duration(duration).total_seconds())
