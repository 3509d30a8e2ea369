"""Images: built in the registry from a service and a model, once, under a tag that nobody can move. (Seed 001, "Build and push".)

What a build made is known by its run, which the ledger names before the build ends: whoever finds an image under a release's name
learns nothing by that, because anybody who may push can have put it there.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

from blocks.container_registry import ContainerRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.service import Service
from domain.errors import Terminal, Transient
from tasks.azure_errors import azure_errors
from tasks.azure_ml.models import download_model
from tasks.content_digest import content_digest
from tasks.retries import RETRIED
from tasks.targets.images.build_context import pack
from tasks.targets.pauses import pauses

POLL_SECONDS = 2.0
"""In the end; at first sooner."""
SAID_EVERY_SECONDS = 60.0
QUEUE_MINUTES = 60.0
"""That a build may wait for others before it begins; the registry's own limit counts from then."""
UNFINISHED = ("Queued", "Started", "Running")
LINES_SHOWN = 20


@dataclass(frozen=True)
class Image:
    """repository: without its host. tag: a release's name. digest: `sha256:…` of its manifest. locked: nobody can move the tag."""

    registry: str
    repository: str
    tag: str
    digest: str
    locked: bool

    @property
    def pinned(self) -> str:
        """What is run: the bytes, whatever the tag says later."""
        return f"{self.registry}/{self.repository}@{self.digest}"


def find_image(registry: ContainerRegistry, repository: str, tag: str) -> Image | None:
    """The image, or None where it does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading image {repository}:{tag} of {registry.registry_name}"):
        try:
            found = registry.get_client().get_tag_properties(repository, tag)
        except ResourceNotFoundError:
            return None
    return Image(registry.login_server, repository, tag, found.digest, found.can_write is False)


@task(name="begin build", **RETRIED)
def begin_build(
    dev: Workspace,
    registry: ContainerRegistry,
    service: Service,
    folder: Path,
    circuit: ChangedCircuit,
    name: str,
    timeout_minutes: float,
) -> str:
    """Schedule it; the run's id. folder: the workload's. name: repository and tag, which no image has yet.

    The model's files are checked against the digest that was released before they are sent. Terminal where they differ, or
    where an image has the name.
    """
    from azure.mgmt.containerregistrytasks.models import DockerBuildRequest, PlatformProperties
    from azure.storage.blob import BlobClient

    from blocks.clients.throttling import for_storage_client

    present = find_image(registry, *name.split(":"))
    if present is not None:
        raise Terminal(
            f"image {name} is in {registry.registry_name} ({present.digest}), and this release did not build it, so it is neither "
            "taken nor overwritten. Find out who put it there; then release these circuits again, under a new name"
        )
    client: Any = registry.get_tasks_client()
    place = (registry.resource_group, registry.registry_name)
    with tempfile.TemporaryDirectory() as scratch:
        model = _model(dev, circuit, Path(scratch))
        packed = pack(service, folder, model, Path(scratch))
        with azure_errors(f"sending the build context of {name}"):
            upload = client.registries.get_build_source_upload_url(*place)
            with packed.open("rb") as stream:
                BlobClient.from_blob_url(upload.upload_url, **for_storage_client()).upload_blob(stream, overwrite=True)
    with azure_errors(f"scheduling the build of {name}"):
        run = client.registries.schedule_run(
            *place,
            DockerBuildRequest(
                image_names=[name],
                is_push_enabled=True,
                source_location=upload.relative_path,
                docker_file_path=str(service.dockerfile),
                platform=PlatformProperties(os="Linux", architecture="amd64"),
                timeout=int(timeout_minutes * 60),
            ),
        )
    get_run_logger().info("%s builds %s: run %s", registry.registry_name, name, run.run_id)
    return str(run.run_id)


def _model(dev: Workspace, circuit: ChangedCircuit, scratch: Path) -> Path:
    name, version = circuit.model_name, circuit.model_version
    files = download_model(dev, name, version, scratch)
    found = content_digest(files)
    if found != circuit.model_digest:
        raise Terminal(
            f"the files of model {name}:{version} in workspace {dev.workspace_name} changed after it was registered: digest {found}, "
            f"but the release has {circuit.model_digest}. No image was built. Register a new version and release it."
        )
    return files


@task(name="finish build", **RETRIED)
def finish_build(registry: ContainerRegistry, repository: str, tag: str, run: str, timeout_minutes: float) -> Image:
    """Wait for a run and lock what it pushed. Terminal, with the end of the log, where it fails; or where the tag was moved since."""
    ended = _followed(registry, f"{repository}:{tag}", run, timeout_minutes)
    if ended.status != "Succeeded":
        raise Terminal(
            f"the build of {repository}:{tag} is {_describe(ended)}{f' ({ended.run_error_message})' if ended.run_error_message else ''}; "
            f"the end of its log:\n{_log(registry, run)}"
        )
    digests = [one.digest for one in ended.output_images or () if (one.repository, one.tag) == (repository, tag)]
    if not digests:
        raise Terminal(f"run {run} of {registry.registry_name} did not make {repository}:{tag}; release again")
    if not _pushed(registry, repository, tag, digests[0]).locked:
        with azure_errors(f"locking {repository}:{tag}"):
            registry.get_client().update_tag_properties(repository, tag, can_write=False, can_delete=False)
    return _pushed(registry, repository, tag, digests[0])  # until it was locked, somebody else could push


def _pushed(registry: ContainerRegistry, repository: str, tag: str, digest: str) -> Image:
    found = find_image(registry, repository, tag)
    if found is None:
        raise Transient(f"the build of {repository}:{tag} succeeded, but {registry.registry_name} does not have it yet")
    if found.digest != digest:
        raise Terminal(
            f"image {repository}:{tag} is {found.digest}, but this release built {digest}: somebody pushed over it meanwhile. "
            "Find out who did; then release these circuits again, under a new name"
        )
    return found


def _followed(registry: ContainerRegistry, name: str, run: str, timeout_minutes: float) -> Any:
    """The run as it ended. What passes is waited for: the build goes on meanwhile. Terminal, and cancelled, where it does not end."""
    place, logger = (registry.resource_group, registry.registry_name), get_run_logger()
    client: Any = registry.get_tasks_client()
    began = said = time.monotonic()
    status, waits = "unknown", pauses(POLL_SECONDS)
    while True:
        try:
            with azure_errors(f"watching run {run}, which builds {name}"):
                found = client.runs.get(*place, run)
            if found.status not in UNFINISHED:
                return found
            status = _describe(found)
        except Transient as passing:
            logger.warning("%s", passing)
        now = time.monotonic()
        if now - began > (timeout_minutes + QUEUE_MINUTES) * 60:
            with azure_errors(f"cancelling run {run}, which builds {name}"):
                client.runs.cancel(*place, run)
            raise Terminal(
                f"the build of {name} is {status} after {(now - began) / 60:.0f} minutes; it has {timeout_minutes:g} to run and "
                f"{QUEUE_MINUTES:g} to wait for others, so run {run} was cancelled. Check what else {registry.registry_name} is building, and "
                "release again"
            )
        if now - said > SAID_EVERY_SECONDS:
            logger.info("%s: run %s has been %s for %.0f minutes", name, run, status, (now - began) / 60)
            said = now
        time.sleep(next(waits))


def _describe(run: Any) -> str:
    """Its status: an enumeration's member would show its own name."""
    return str(getattr(run.status, "value", run.status))


def _log(registry: ContainerRegistry, run: str) -> str:
    from azure.storage.blob import BlobClient

    from blocks.clients.throttling import for_storage_client

    client: Any = registry.get_tasks_client()
    with azure_errors(f"reading the log of run {run}"):
        link = client.runs.get_log_sas_url(registry.resource_group, registry.registry_name, run).log_link
        text = BlobClient.from_blob_url(link, **for_storage_client()).download_blob().readall().decode(errors="replace")
    return "\n".join(text.splitlines()[-LINES_SHOWN:])
