"""A container group whose image the Docker engine has; needs an engine with a Python image."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from emulator.containers import runtime
from emulator.containers.container_log import ContainerLog
from emulator.containers.group_form import ContainerProperties
from emulator.images.image import Image

IMAGE, NAME, DIGEST = "python:3.11-slim", "acr.azurecr.io/signalbox-test", "0" * 64


@pytest.fixture
def engine() -> Iterator[None]:
    """A Docker engine that has the image, under a name as built ones have."""
    asked = ["docker", "image", "inspect", IMAGE]
    if shutil.which("docker") is None or subprocess.run(asked, capture_output=True, timeout=30).returncode:
        pytest.skip(f"no Docker engine that has the image {IMAGE} (DOCKER_HOST names one)")
    docker = str(shutil.which("docker"))
    subprocess.run([docker, "tag", IMAGE, f"{NAME}:{DIGEST}"], check=True, timeout=30)
    yield
    subprocess.run([docker, "rmi", f"{NAME}:{DIGEST}"], check=True, capture_output=True, timeout=30)


@pytest.mark.cluster
@pytest.mark.usefixtures("engine")
def test_an_image_of_the_engine_answers_on_the_loopback_address_and_is_removed() -> None:
    asked = {
        "image": f"{NAME}:1",
        "command": ["python3", "-m", "http.server", "8080"],
        "ports": [{"port": 8080}],
        "environmentVariables": [{"name": "SECRET", "secureValue": "hush"}],
        "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
    }
    image = Image(NAME, f"sha256:{DIGEST}", "docker", None, None, "/", {}, (), (), (8080,), {})
    log = ContainerLog()
    instance = runtime.start(image, ContainerProperties.model_validate(asked), log)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = requests.get(f"http://127.0.0.1:{instance.ports[8080]}/", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline, log.text()
                time.sleep(0.1)
        assert answer.status_code == 200
        assert "hush" not in "".join(_arguments(one) for one in Path("/proc").glob("[0-9]*"))
    finally:
        instance.process.kill()
    assert instance.process.wait(30) is not None
    names = ["docker", "ps", "--all", "--format", "{{.Image}}"]
    listed = subprocess.run(names, capture_output=True, check=True, timeout=30, text=True).stdout
    assert f"{NAME}:{DIGEST}" not in listed.splitlines()


def _arguments(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
