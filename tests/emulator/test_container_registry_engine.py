"""Builds where a Docker engine answers: a stand-in for it here, that is asked the way the real one is."""

import http.server
import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.images.engine import find_engine
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

Build = Callable[..., tuple[Any, str]]
INSPECTED = {
    "Id": "sha256:abc",
    "Size": 1234,
    "RootFS": {"Type": "layers", "Layers": ["sha256:one", "sha256:two"]},
    "Config": {
        "Env": ["A=1"],
        "Cmd": ["run"],
        "WorkingDir": "/srv",
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {"l": "1"},
    },
}
CLIENT = """#!/bin/sh
echo "$* TOKEN=$TOKEN" >> {folder}/calls
case "$*" in
*"image inspect"*) cat {folder}/inspected.json ;;
build*) for last; do :; done
        echo "Step 1/1 : docker says"; if grep -q broken "$last/Dockerfile"; then echo "no such thing"; exit 1; fi ;;
esac
"""


class Ping(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_ping" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def version_string(self) -> str:
        return "Docker/28.0 (linux)"

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("engine")
    (place / "inspected.json").write_text(json.dumps([INSPECTED]))
    client = place / "docker"
    client.write_text(CLIENT.format(folder=place))
    client.chmod(0o755)
    return place


@pytest.fixture(scope="module")
def docker_engine(folder: Path) -> Iterator[None]:
    """A socket that answers a ping, and a client that writes down what it is asked."""
    with (
        socketserver.ThreadingUnixStreamServer(str(folder / "s"), Ping) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        patch.setenv("DOCKER_HOST", f"unix://{folder}/s")
        patch.delenv("REGISTRY", raising=False)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield
        server.shutdown()
        thread.join()


def test_the_engine_builds_and_keeps_the_image(
    emulator: Emulator, build: Build, container_registry: str, folder: Path
) -> None:
    argument = {"name": "TOKEN", "value": "a-secret-word", "isSecret": True}
    run, log = build({"Dockerfile": "FROM scratch"}, "app:1", arguments=[argument], target="last")
    assert run.status == "Succeeded", log
    assert log.splitlines()[0].startswith(f"docker engine Docker/28.0 (linux) at unix://{folder}/s")
    assert "Step 1/1 : docker says" in log
    image = ImageStore(emulator.state / "images").find(f"{container_registry}.azurecr.io/app:1")
    assert image is not None
    assert (image.runtime, image.root, image.python, image.workdir) == ("docker", None, None, "/srv")
    assert (image.env, image.command, image.ports, image.labels) == ({"A": "1"}, ("run",), (8080,), {"l": "1"})
    assert run.output_images[0].digest == image.digest
    calls = (folder / "calls").read_text()
    [ours] = [line for line in calls.splitlines() if "--target last" in line]
    assert "--build-arg TOKEN" in ours
    assert "a-secret-word" not in ours.replace("TOKEN=a-secret-word", "")
    for tag in ("1", image.digest.removeprefix("sha256:")):
        assert f"{image.reference}:{tag}" in calls


def test_a_build_that_the_engine_refuses_fails(build: Build) -> None:
    run, log = build({"Dockerfile": "FROM scratch\n# broken"}, "app:2")
    assert run.status == "Failed"
    assert "no such thing" in log
    assert "docker build ended with code 1" in run.run_error_message


@pytest.mark.parametrize("address", ["unix:///nowhere/s", "tcp://127.0.0.1:1", "ssh://host", "nonsense"])
def test_where_no_engine_answers_there_is_none(
    monkeypatch: pytest.MonkeyPatch, docker_engine: None, address: str
) -> None:
    assert find_engine() is not None
    monkeypatch.setenv("DOCKER_HOST", address)
    assert find_engine() is None


def test_an_engine_without_a_client_is_of_no_use(monkeypatch: pytest.MonkeyPatch, docker_engine: None) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_engine() is None
