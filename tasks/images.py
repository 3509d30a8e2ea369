"""Images: built in the registry from a service and a model, once, under a tag that nobody can move. (Seed 001, "Build and push".)"""

import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

from blocks.container_registry import ContainerRegistry
from blocks.workspace import Workspace
from domain.changed_circuits import ChangedCircuit
from domain.errors import Terminal, Transient
from domain.service import Service
from tasks.azure_errors import azure_errors
from tasks.content import content_digest
from tasks.models import download_model
from tasks.retries import RETRIED

MODEL = "model"
"""The folder of the build context with the model's files."""
POLL_SECONDS = 2.0
LINES_SHOWN = 20
LARGEST_CONTEXT = 1 << 30
"""Bytes, packed."""


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


def find_version(registry: ContainerRegistry, image: Image) -> str:
    """The version of the model in the image, as its other tag says; Terminal where it was built by something else."""
    with azure_errors(f"reading the tags of {image.pinned}"):
        tags = registry.get_client().get_manifest_properties(image.repository, image.digest).tags or ()
    version = next(
        (tag.removeprefix(_of_model(image.tag, "")) for tag in tags if tag.startswith(_of_model(image.tag, ""))), ""
    )
    if not version:
        raise Terminal(f"image {image.repository}:{image.tag} does not say which model is in it: no release built it")
    return version


def _of_model(tag: str, version: str) -> str:
    """The tag that says which version of the model is in the image."""
    return f"{tag}-v{version}"


@task(name="build image", **RETRIED)
def build_image(
    dev: Workspace,
    registry: ContainerRegistry,
    service: Service,
    folder: Path,
    circuit: ChangedCircuit,
    repository: str,
    tag: str,
    timeout_minutes: float,
) -> Image:
    """Build and push it unless it is there. folder: the workload's.

    The model's files are checked against the digest that was released before they go into the context. Terminal, with the end
    of the log, where the build fails.
    """
    present = find_image(registry, repository, tag)
    if present is None:
        with tempfile.TemporaryDirectory() as scratch:
            packed = _context(dev, service, folder, circuit, Path(scratch))
            names = [f"{repository}:{tag}", f"{repository}:{_of_model(tag, circuit.model_version)}"]
            _build(registry, service, packed, names, timeout_minutes)
        present = find_image(registry, repository, tag)
    if present is None:
        raise Transient(
            f"the build of {repository}:{tag} ended well, and {registry.registry_name} does not have it yet"
        )
    for name in (_of_model(tag, circuit.model_version), tag):  # the one that is looked at, last
        if not present.locked:
            with azure_errors(f"locking {repository}:{name}"):
                registry.get_client().update_tag_properties(repository, name, can_write=False, can_delete=True)
    return present


def _context(dev: Workspace, service: Service, folder: Path, circuit: ChangedCircuit, scratch: Path) -> Path:
    """service/ and model/ in one packed file, the same bytes for the same files."""
    name, version = circuit.model_name, circuit.model_version
    files = download_model(dev, name, version, scratch)
    found = content_digest(files)
    if found != circuit.model_digest:
        raise Terminal(
            f"the files of model {name}:{version} in workspace {dev.workspace_name} changed after it was registered: digest {found}, "
            f"released was {circuit.model_digest}. No image was built. Register a new version and release it."
        )
    packed = scratch / "context.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(folder / service.folder, ".", filter=_plain)
        archive.add(files, MODEL, filter=_plain)
    if packed.stat().st_size > LARGEST_CONTEXT:
        raise Terminal(
            f"the build context of {circuit.unit} is larger than {LARGEST_CONTEXT >> 20} MiB; what is in {service.folder}/?"
        )
    return packed


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without what is of this machine and this moment, and what no image needs."""
    if "__pycache__" in member.name or "/." in member.name:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member


def _build(
    registry: ContainerRegistry, service: Service, packed: Path, names: list[str], timeout_minutes: float
) -> None:
    from azure.mgmt.containerregistrytasks.models import DockerBuildRequest, PlatformProperties
    from azure.storage.blob import BlobClient

    from blocks.throttling import for_storage_client

    client: Any = registry.get_tasks_client()
    place, image = (registry.resource_group, registry.registry_name), names[0]
    with azure_errors(f"building {image}"):
        upload = client.registries.get_build_source_upload_url(*place)
        with packed.open("rb") as stream:
            BlobClient.from_blob_url(upload.upload_url, **for_storage_client()).upload_blob(stream, overwrite=True)
        run = client.registries.schedule_run(
            *place,
            DockerBuildRequest(
                image_names=names,
                is_push_enabled=True,
                source_location=upload.relative_path,
                docker_file_path=str(service.dockerfile),
                platform=PlatformProperties(os="Linux", architecture="amd64"),
                timeout=int(timeout_minutes * 60),
            ),
        )
        get_run_logger().info("%s builds %s: run %s", registry.registry_name, image, run.run_id)
        while run.status in ("Queued", "Started", "Running"):
            time.sleep(POLL_SECONDS)
            run = client.runs.get(*place, run.run_id)
    if run.status != "Succeeded":
        raise Terminal(
            f"the build of {image} is {run.status}{f' ({run.run_error_message})' if run.run_error_message else ''}; the end of its "
            f"log:\n{_log(registry, run.run_id)}"
        )


def _log(registry: ContainerRegistry, run: str) -> str:
    from azure.storage.blob import BlobClient

    from blocks.throttling import for_storage_client

    client: Any = registry.get_tasks_client()
    with azure_errors(f"reading the log of run {run}"):
        link = client.runs.get_log_sas_url(registry.resource_group, registry.registry_name, run).log_link
        text = BlobClient.from_blob_url(link, **for_storage_client()).download_blob().readall().decode(errors="replace")
    return "\n".join(text.splitlines()[-LINES_SHOWN:])
