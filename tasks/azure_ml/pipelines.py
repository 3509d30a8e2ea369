"""Azure ML pipelines: published as registered components, then run remotely and waited for."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task

from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.parsing.log_errors import errors_of_log
from tasks.azure_errors import azure_errors
from tasks.components import code_digest, component_files
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ENDED = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
"""States in which Azure ML will change nothing from then on."""

TIMED_OUT = "TimedOut"
"""Our own word for a job that was cancelled because it took too long."""

CANCEL_SECONDS = 120
LOG_LINES_SHOWN = 15


@dataclass(frozen=True)
class JobInput:
    """A file, folder or asset given to a job. type: uri_file, uri_folder, mltable or custom_model."""

    type: str
    path: str


@dataclass(frozen=True)
class PublishedPipeline:
    """A pipeline file whose components are registered in a workspace.

    components: step name → `azureml:{component}:{version}`, the version being the digest of what the component is.
    """

    file: Path
    components: Mapping[str, str]


@dataclass(frozen=True)
class FinishedJob:
    """A job that ended. status: one of `ENDED`. reason: the end of the failing step's log, empty when it completed."""

    name: str
    status: str
    seconds: float
    reason: str = ""

    def must_have_completed(self, what: str) -> "FinishedJob":
        """Itself, or Terminal with what the job's own log says."""
        if self.status != "Completed":
            raise Terminal(f"{what}: Azure ML job {self.name} ended {self.status}. {self.reason}".rstrip())
        return self


@task(name="publish pipeline", **RETRIED)
def publish_pipeline(workspace: Workspace, file: Path) -> PublishedPipeline:
    """Register every component of a pipeline file; one that has not changed stays as it is. (Seed 001, publish step.)"""
    from azure.ai.ml import load_component
    from azure.core.exceptions import ResourceNotFoundError

    client = workspace.get_client()
    components: dict[str, str] = {}
    with azure_errors(f"publishing pipeline {file.name} to {workspace.workspace_name}"):
        for step, source in component_files(file).items():
            component: Any = load_component(source)
            component.version = _version(source, component)
            try:
                registered = client.components.get(component.name, component.version)
            except ResourceNotFoundError:
                registered = client.components.create_or_update(component)
            components[step] = f"azureml:{registered.name}:{registered.version}"
    return PublishedPipeline(file, components)


def _version(source: Path, component: Any) -> str:
    """Of the file, its code, and what the SDK puts beside the code when it is uploaded."""
    uploaded = (component.code, *component.additional_includes)
    code = "".join(code_digest((source.parent / one).resolve()) for one in uploaded)
    return sha256(source.read_bytes() + code.encode()).hexdigest()[:12]


def run_pipeline(
    workspace: Workspace,
    published: PublishedPipeline,
    *,
    job_name: str,
    experiment: str,
    compute: str,
    inputs: Mapping[str, JobInput | str | int | float],
    outputs: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    afresh: bool = False,
) -> FinishedJob:
    """Submit the pipeline under a name of ours, unless it runs under that name already, and wait for its end.

    inputs left out must be optional in the file. outputs: output name → datastore path. afresh: Azure ML does not take a step's
    outputs from an earlier job of equal inputs, as it would: a folder is equal to itself, whatever was delivered into it.
    """
    from azure.core.exceptions import ResourceNotFoundError

    client = workspace.get_client()
    with azure_errors(f"running pipeline {published.file.name} as {job_name}"):
        try:
            client.jobs.get(job_name)
        except ResourceNotFoundError:
            client.jobs.create_or_update(
                _pipeline_job(published, job_name, experiment, compute, inputs, outputs or {}, tags or {}, afresh)
            )
    return wait_for_job(workspace, job_name)


def _pipeline_job(
    published: PublishedPipeline,
    job_name: str,
    experiment: str,
    compute: str,
    inputs: Mapping[str, JobInput | str | int | float],
    outputs: Mapping[str, str],
    tags: Mapping[str, str],
    afresh: bool,
) -> Any:
    from azure.ai.ml import Input, Output, load_component
    from azure.ai.ml.entities import PipelineJob, PipelineJobSettings

    pipeline: Any = load_component(published.file)
    unknown = sorted(set(inputs) - set(pipeline.inputs))
    if unknown:
        raise Terminal(f"{published.file.name} has no input {', '.join(unknown)}; it has {', '.join(pipeline.inputs)}")
    job: Any = PipelineJob(
        component=pipeline,
        name=job_name,
        experiment_name=experiment,
        tags=dict(tags),
        settings=PipelineJobSettings(default_compute=compute, force_rerun=afresh),
        inputs={
            name: Input(type=value.type, path=value.path) if isinstance(value, JobInput) else value
            for name, value in inputs.items()
        },
        outputs={name: Output(type=pipeline.outputs[name].type, path=path) for name, path in outputs.items()},
    )
    for step, component in published.components.items():
        job.jobs[step]._component = component
    return job


def wait_for_job(workspace: Workspace, name: str, timeout_seconds: float | None = None) -> FinishedJob:
    """Poll the job every `workspace.poll_seconds` until it ends; after the timeout it is cancelled and said so."""
    client = workspace.get_client()
    started = time.monotonic()
    while True:
        with azure_errors(f"reading job {name}"):
            job = client.jobs.get(name)
        seconds = time.monotonic() - started
        if job.status in ENDED:
            reason = "" if job.status == "Completed" else failure_of(client, name)
            return FinishedJob(name, str(getattr(job.status, "value", job.status)), seconds, reason)
        if timeout_seconds is not None and seconds > timeout_seconds:
            _cancel(workspace, name)
            reason = f"It ran longer than {timeout_seconds:.0f} s and was cancelled."
            return FinishedJob(name, TIMED_OUT, seconds, reason)
        time.sleep(workspace.poll_seconds)


def _cancel(workspace: Workspace, name: str) -> None:
    """Cancel a job and give it time to end: its logs can be read only then."""
    client = workspace.get_client()
    with azure_errors(f"cancelling job {name}"):
        client.jobs.begin_cancel(name)
        deadline = time.monotonic() + CANCEL_SECONDS
        while client.jobs.get(name).status not in ENDED and time.monotonic() < deadline:
            time.sleep(min(workspace.poll_seconds, 5))


def failure_of(client: "MLClient", name: str) -> str:
    """What failed inside a job, as its own log tells it: the failing step, the exception, and the last lines it wrote."""
    with azure_errors(f"reading the logs of job {name}"):
        failed = [child for child in client.jobs.list(parent_job_name=name) if child.status == "Failed"]
        parts = []
        for child in failed or [client.jobs.get(name)]:
            text = "\n".join(logs_of(client, child.name).values()).strip()
            step = getattr(child, "display_name", None) or child.name
            causes = errors_of_log(text)[:1]
            end = text.splitlines()[-LOG_LINES_SHOWN:] or ["no log was written"]
            parts.append(f"Step {step}: " + "\n".join([*causes, *end]))
    return "\n".join(parts)


def logs_of(client: "MLClient", name: str) -> dict[str, str]:
    """The text of every log file of a job, by its path in the job's artifacts."""
    with tempfile.TemporaryDirectory() as folder:
        client.jobs.download(name, download_path=folder)
        root = Path(folder) / "artifacts"
        return {
            path.relative_to(root).as_posix(): path.read_text(errors="replace")
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in {".txt", ".log"}
        }


def download_output(workspace: Workspace, job_name: str, output: str, folder: Path) -> Path:
    """The files of a job's named output, in a folder on this machine."""
    with azure_errors(f"downloading output {output} of job {job_name}"):
        workspace.get_client().jobs.download(job_name, download_path=folder, output_name=output)
    found = folder / "named-outputs" / output
    if not found.is_dir():
        raise Terminal(
            f"job {job_name} has no output {output!r}; its pipeline file must declare it and a step must write it"
        )
    return found
