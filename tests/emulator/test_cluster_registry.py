"""A build whose image a cluster of this machine can pull by its digest; needs a Docker engine and REGISTRY."""

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.images.engine import find_engine
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

ENGINE, REGISTRY = find_engine(), os.environ.get("REGISTRY", "")
WHY = "no Docker engine answers here, or REGISTRY names no registry it pushes to"
pytestmark = [pytest.mark.cluster, pytest.mark.skipif(ENGINE is None or not REGISTRY, reason=WHY)]
FILES: dict[str, str | bytes] = {"Dockerfile": "FROM scratch\nCOPY note.txt /\nENV A=1", "note.txt": "a note"}


@pytest.fixture(scope="module")
def docker_engine() -> Iterator[None]:
    """As it is."""
    yield


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    assert ENGINE is not None
    command = [ENGINE.client, "--host", ENGINE.address, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_what_is_built_can_be_pulled_by_the_digest_that_azure_says(
    emulator: Emulator, build: Callable[..., tuple[Any, str]], container_registry: str
) -> None:
    run, log = build(FILES, "team/app:1", "team/app:1-v3")
    assert run.status == "Succeeded", log
    image = ImageStore(emulator.state / "images").find(f"{container_registry}.azurecr.io/team/app:1")
    assert image is not None
    assert image.env["A"] == "1"
    here = f"{REGISTRY}/team/app@{image.digest}"
    names = [f"{image.reference}:{tag}" for tag in ("1", "1-v3", image.digest.removeprefix("sha256:"))]
    assert docker("rmi", *names).returncode == 0
    pulled = docker("pull", here)
    assert pulled.returncode == 0, pulled.stderr
    assert docker("rmi", here).returncode == 0


def test_a_registry_that_does_not_answer_ends_the_build(
    build: Callable[..., tuple[Any, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY", "127.0.0.1:1")
    run, log = build(FILES, "team/app:2")
    assert run.status == "Failed", log
    assert "docker push 127.0.0.1:1/team/app:2" in run.run_error_message
