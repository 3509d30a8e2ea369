"""A build by this machine's own Docker engine; skipped where none answers."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.images.engine import find_engine
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

ENGINE = find_engine()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(ENGINE is None, reason="no Docker engine answers here (DOCKER_HOST or the usual socket)"),
]


@pytest.fixture(scope="module")
def docker_engine() -> Iterator[None]:
    """As it is."""
    yield


def test_a_real_engine_builds_an_image(
    emulator: Emulator, build: Callable[..., tuple[Any, str]], container_registry: str
) -> None:
    files = {"Dockerfile": 'FROM scratch\nCOPY note.txt /\nENV A=1\nEXPOSE 80\nCMD ["/run"]', "note.txt": "a note"}
    run, log = build(files, "app:1")
    assert run.status == "Succeeded", log
    image = ImageStore(emulator.state / "images").find(f"{container_registry}.azurecr.io/app:1")
    assert image is not None
    assert ENGINE is not None
    assert (image.runtime, image.env["A"], image.command, image.ports) == ("docker", "1", ("/run",), (80,))
    names = [f"{image.reference}:{tag}" for tag in ("1", image.digest.removeprefix("sha256:"))]
    removed = subprocess.run([ENGINE.client, "--host", ENGINE.address, "rmi", *names], capture_output=True, check=False)
    assert removed.returncode == 0, removed.stderr


def test_a_real_engine_builds_an_image_of_nothing_but_settings(
    emulator: Emulator, build: Callable[..., tuple[Any, str]], container_registry: str
) -> None:
    run, log = build({"Dockerfile": "FROM scratch\nLABEL by=hand\nENV A=1"}, "bare:1")
    assert run.status == "Succeeded", log
    image = ImageStore(emulator.state / "images").find(f"{container_registry}.azurecr.io/bare:1")
    assert image is not None
    assert image.env["A"] == "1"
