"""What a release built is what runs: an image is known by the build that the ledger names, and never by its tag."""

import io
import os
import tarfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerregistrytasks.models import DockerBuildRequest, PlatformProperties
from azure.storage.blob import BlobClient
from begun import begin
from own_faults import OwnFaults
from prefect import flow
from prefect.states import State
from served import Served

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from domain.naming import deployment_name, image_repository
from domain.release.manifest import Release
from flows.release import release
from tasks import workloads
from tasks.ledger.facts import read_facts, record, release_names
from tasks.ledger.lease import stage_lease
from tasks.targets.images import build as build_module
from tasks.targets.images.build import Image, begin_build, find_image, finish_build
from tasks.targets.platform import Deployment, DeploymentRequest
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")
DOCKERFILE = "FROM scratch\nCOPY . .\n"
"""Built in no time, and never run."""
SLOW = "FROM python:3.11-slim\nRUN sleep 120\n"


@pytest.fixture
def served(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workload of its own for each test."""
    name = f"built{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made = Served(name, tmp_path / name, ("A1",))
    made.declare(dockerfile=DOCKERFILE)
    return made


@pytest.fixture
def registry(site) -> ContainerRegistry:
    return loaded(ContainerRegistry, "images")


def build(served: Served, changed: ChangedCircuits, until: str = "images") -> "State[str]":
    return release(served.name, changed.build_id, "linus", until, return_state=True)


def built(site, served: Served, registry: ContainerRegistry) -> tuple[str, Image]:
    """The newest release, and what has its name."""
    name = release_names(site.ledger, served.name)[0]
    found = find_image(registry, repository(served), name)
    assert found is not None
    return name, found


def repository(served: Served) -> str:
    return image_repository(served.name, served.units()[0])


def scheduled(registry: ContainerRegistry, name: str, dockerfile: str) -> str:
    """A build that somebody starts by hand; its run."""
    client: Any = registry.get_tasks_client()
    place = (registry.resource_group, registry.registry_name)
    upload = client.registries.get_build_source_upload_url(*place)
    packed, content = io.BytesIO(), dockerfile.encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    BlobClient.from_blob_url(upload.upload_url).upload_blob(packed.getvalue())
    request = DockerBuildRequest(
        image_names=[name],
        is_push_enabled=True,
        source_location=upload.relative_path,
        docker_file_path="Dockerfile",
        platform=PlatformProperties(os="Linux", architecture="amd64"),
    )
    return str(client.registries.schedule_run(*place, request).run_id)


def status_of(registry: ContainerRegistry, run: str) -> str:
    client: Any = registry.get_tasks_client()
    return str(client.runs.get(registry.resource_group, registry.registry_name, run).status.value)


def wait_until(registry: ContainerRegistry, run: str, wanted: str) -> None:
    deadline = time.monotonic() + 120
    while (status := status_of(registry, run)) != wanted:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)


def push_by_hand(registry: ContainerRegistry, name: str) -> None:
    """Another image, under a name of somebody's choice."""
    wait_until(
        registry,
        scheduled(registry, name, f"FROM scratch\nLABEL by=hand at={datetime.now(UTC):%H:%M:%S.%f}\n"),
        "Succeeded",
    )


def replace(registry: ContainerRegistry, image: Image) -> Image:
    """What somebody with all rights does to a tag: unlocked, pushed over, and locked again."""
    client = registry.get_client()
    client.update_tag_properties(image.repository, image.tag, can_write=True, can_delete=True)
    client.delete_tag(image.repository, image.tag)
    push_by_hand(registry, f"{image.repository}:{image.tag}")
    client.update_tag_properties(image.repository, image.tag, can_write=False, can_delete=False)
    other = find_image(registry, image.repository, image.tag)
    assert other is not None
    assert other.digest != image.digest
    return other


def in_a_flow(conversation: Callable[[], None]) -> None:
    """Platforms and builds log to the run that asks for them."""
    flow(conversation)()


def begun(site, served: Served, changed: ChangedCircuits, registry: ContainerRegistry) -> tuple[Release, str]:
    """A release that was killed once its build was scheduled; the build's run."""
    manifest, workload = begin(site.ledger, changed, "linus"), declared_workload(served.name)
    assert workload.service is not None
    name = f"{repository(served)}:{manifest.name}"
    call = (loaded(Workspace, "dev"), registry, workload.service, workload.folder, manifest.units[0], name, 5)
    return manifest, begin_build.fn(*call)


def test_what_replaced_an_approved_image_is_neither_deployed_nor_switched_to(
    site, served: Served, registry: ContainerRegistry
) -> None:
    changed = served.candidates()
    assert build(served, changed).name == "Succeeded"
    name, image = built(site, served, registry)
    other, platform, unit = replace(registry, image), served.platform("dev"), served.units()[0]
    endpoint, deployment = platform.endpoint(unit), deployment_name(name)
    source = platform.source(changed.circuits[0], name)
    said = rf"{name} is {other.digest} now, but the release built {image.digest}: somebody replaced it"

    def asked() -> None:
        with pytest.raises(Terminal, match=said):
            platform.deploy(DeploymentRequest(endpoint, deployment, source, "", {}, {}))
        with pytest.raises(Terminal, match=said):
            platform.check(changed.circuits[0], name)
        with stage_lease(site.ledger, served.name, "dev", name) as held, pytest.raises(Terminal, match=said):
            platform.switch(held, endpoint, deployment)
        old = Deployment(endpoint, deployment, source, "", {})
        assert "somebody replaced it" in platform.missing_dependencies(loaded(ModelRegistry, "shared"))(old)

    in_a_flow(asked)
    state = build(served, changed, "dev")
    assert state.name == "Failed"
    assert "somebody replaced it" in (state.message or "")
    assert served.group("dev") is None


def test_an_image_that_no_release_built_is_neither_taken_nor_overwritten(
    site, served: Served, registry: ContainerRegistry
) -> None:
    name = f"{datetime.now(UTC):%Y%m%d}.1"  # anybody can guess it
    push_by_hand(registry, f"{repository(served)}:{name}")
    before = find_image(registry, repository(served), name)
    state = build(served, served.candidates())
    assert release_names(site.ledger, served.name)[0] == name
    assert state.name == "Failed"
    assert "this release did not build it" in (state.message or "")
    assert find_image(registry, repository(served), name) == before
    facts = read_facts(site.ledger, served.name, name)
    assert not [fact for fact in facts_of(facts, Kind.PROMOTED) if "images" in fact.body]
    assert build(served, served.candidates()).name == "Succeeded"  # under another name


def test_nobody_moves_or_deletes_a_tag_by_accident_and_one_unlocked_goes_nowhere(
    site, served: Served, registry: ContainerRegistry
) -> None:
    changed = served.candidates()
    assert build(served, changed).name == "Succeeded"
    name, image = built(site, served, registry)
    client = registry.get_client()
    with pytest.raises(HttpResponseError, match="disallowed"):
        client.delete_tag(image.repository, name)
    run = scheduled(registry, f"{image.repository}:{name}", "FROM scratch\nLABEL by=hand\n")
    wait_until(registry, run, "Failed")
    client.update_tag_properties(image.repository, name, can_write=True, can_delete=True)
    with pytest.raises(Terminal, match=rf"{name} is no longer locked"):
        served.platform("dev").check(changed.circuits[0], name)
    client.delete_tag(image.repository, name)
    with pytest.raises(Terminal, match=rf"{name} is gone from"):
        served.platform("dev").check(changed.circuits[0], name)


def test_a_release_that_was_killed_follows_its_own_build_and_starts_no_other(
    site, served: Served, registry: ContainerRegistry
) -> None:
    changed, client = served.candidates(), registry.get_tasks_client()

    def killed() -> None:
        manifest, run = begun(site, served, changed, registry)
        body = {"stage": "images", "runs": {str(served.units()[0]): run}}
        record(site.ledger, served.name, manifest.name, Kind.BUILDING, body)

    in_a_flow(killed)
    assert build(served, changed).name == "Succeeded"
    name, image = built(site, served, registry)
    listed = client.runs.list(registry.resource_group, registry.registry_name)
    ours = [one for one in listed if any(made.repository == repository(served) for made in one.output_images or ())]
    assert len(ours) == 1
    assert image.locked
    [fact] = facts_of(read_facts(site.ledger, served.name, name), Kind.PROMOTED, "images")
    assert fact.body["images"] == {str(served.units()[0]): image.pinned}


def test_what_is_pushed_over_a_build_before_it_is_locked_is_seen(
    site, served: Served, registry: ContainerRegistry
) -> None:
    def meddled() -> None:
        manifest, run = begun(site, served, served.candidates(), registry)
        wait_until(registry, run, "Succeeded")
        push_by_hand(registry, f"{repository(served)}:{manifest.name}")
        with pytest.raises(Terminal, match="somebody pushed over it meanwhile"):
            finish_build.fn(registry, repository(served), manifest.name, run, 5)
        found = find_image(registry, repository(served), manifest.name)
        assert found is not None
        assert not found.locked

    in_a_flow(meddled)


def test_a_run_that_built_something_else_is_not_taken_for_the_image(
    served: Served, registry: ContainerRegistry
) -> None:
    def taken() -> None:
        run = scheduled(registry, f"{repository(served)}:other", DOCKERFILE.splitlines()[0] + "\nLABEL a=b\n")
        with pytest.raises(Terminal, match=rf"run {run} .* did not make .*:19990101\.1"):
            finish_build.fn(registry, repository(served), "19990101.1", run, 5)

    in_a_flow(taken)


def test_a_build_that_never_begins_is_cancelled_and_said(
    site, served: Served, registry: ContainerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "QUEUE_MINUTES", 0.02)
    client = registry.get_tasks_client()
    others = [scheduled(registry, f"others:{number}", SLOW) for number in range(os.cpu_count() or 1)]

    def waiting() -> None:
        for run in others:
            wait_until(registry, run, "Running")
        manifest, run = begun(site, served, served.candidates(), registry)
        with pytest.raises(Terminal, match=rf"is Queued after 0 minutes.*run {run} was cancelled"):
            finish_build.fn(registry, repository(served), manifest.name, run, 0.01)
        for one in others:
            client.runs.cancel(registry.resource_group, registry.registry_name, one)
        wait_until(registry, run, "Canceled")
        with pytest.raises(Terminal, match="is Canceled"):
            finish_build.fn(registry, repository(served), manifest.name, run, 0.01)

    in_a_flow(waiting)


def test_a_registry_that_does_not_answer_for_a_while_fails_no_build(
    site, served: Served, registry: ContainerRegistry, faults: OwnFaults
) -> None:
    def silent() -> None:
        manifest, run = begun(site, served, served.candidates(), registry)
        fault = faults.add("server_error", "GET", path=rf"/runs/{run}\b", times=5)
        image = finish_build.fn(registry, repository(served), manifest.name, run, 5)
        assert image.locked
        assert faults.remove(fault).happened == 5  # one more than the SDK itself tries

    in_a_flow(silent)
