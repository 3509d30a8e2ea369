"""A running emulator, and unmodified Azure clients that reach it the way any client would."""

import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.identity import ClientSecretCredential
from building import ended, pushed, scheduled

from emulator.control_client import Control
from emulator.identity import access
from emulator.server import Emulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.mgmt.containerinstance import ContainerInstanceManagementClient
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
ARM = "https://management.azure.com"
WORKSPACES = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices/workspaces"
)
API_VERSION = "2024-10-01"

Arm = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all tests of this folder."""
    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def azure_environment(emulator: Emulator) -> Iterator[None]:
    """What clients need, for one file at a time: tests of other folders have an emulator of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def control(emulator: Emulator) -> Iterator[Control]:
    """The emulator's control plane; what a test asked of it ends with the test."""
    emulator.control.clear_journal()
    yield emulator.control
    emulator.control.clear_faults()
    emulator.control.set_pace()


@pytest.fixture(scope="module")
def credential(azure_environment: None) -> ClientSecretCredential:
    """The real credential, with the emulator's client."""
    return ClientSecretCredential(access.TENANT_ID, access.CLIENT_ID, access.CLIENT_SECRET)


@pytest.fixture(scope="module")
def arm(credential: ClientSecretCredential) -> Iterator[Arm]:
    """`arm("PUT", path, json=…)`: a plain ARM request with a good token, over one connection that is kept."""
    with requests.Session() as session:

        def ask(method: str, path: str, **more: Any) -> requests.Response:
            token = credential.get_token(f"{ARM}/.default").token
            headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
            query = more.pop("params", {"api-version": API_VERSION})
            return session.request(method, ARM + path, params=query, headers=headers, timeout=30, **more)

        yield ask


@pytest.fixture
def connected(emulator: Emulator) -> Callable[[str], socket.socket]:
    """`connected("host:443")`: a socket behind an accepted CONNECT."""

    def connect(target: str) -> socket.socket:
        port = urlsplit(emulator.url).port
        line = socket.create_connection(("127.0.0.1", port), timeout=10)
        line.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return line

    return connect


@pytest.fixture
def secured(emulator: Emulator, connected: Callable[[str], socket.socket]) -> Callable[..., ssl.SSLSocket]:
    """`secured("management.azure.com")`: a TLS socket to that host; `name=` for another name in the handshake."""

    def secure(host: str, name: str | None = None) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(emulator.ca_file))
        return context.wrap_socket(connected(f"{host}:443"), server_hostname=name or host)

    return secure


@pytest.fixture(scope="module")
def make_ml(arm: Arm, credential: ClientSecretCredential) -> "Callable[[str], MLClient]":
    """`make_ml("test")`: an MLClient of a workspace of that name, created when it is not there."""

    def make(workspace: str) -> "MLClient":
        from azure.ai.ml import MLClient

        body = {"location": "westeurope", "properties": {"friendlyName": workspace}}
        answer = arm("PUT", f"{WORKSPACES}/{workspace}", json=body)
        assert answer.status_code in (200, 201, 202), answer.text
        return MLClient(credential, SUBSCRIPTION, GROUP, workspace)

    return make


@pytest.fixture(scope="module")
def ml(make_ml: "Callable[[str], MLClient]") -> "MLClient":
    """An MLClient of the workspace `ws`."""
    return make_ml("ws")


@pytest.fixture(scope="module")
def push_image(credential: ClientSecretCredential, docker_engine: None) -> Callable[..., str]:
    """`push_image("print(1)", "tag")`: an image of one Python script, built in a registry of the emulator; its reference."""
    return lambda script, tag="1": pushed(credential, script, tag)


@pytest.fixture(scope="module")
def instances(credential: ClientSecretCredential) -> "Iterator[ContainerInstanceManagementClient]":
    """The real client of container groups."""
    from azure.mgmt.containerinstance import ContainerInstanceManagementClient

    with ContainerInstanceManagementClient(credential, SUBSCRIPTION) as client:
        yield client


REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry/registries"


@pytest.fixture(scope="module")
def docker_engine() -> Iterator[None]:
    """None answers, whatever this machine has: images are trees. A file may have another fixture of this name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        yield


@pytest.fixture(scope="module")
def container_registry(arm: Arm) -> str:
    """The name of a container registry of this file's own."""
    name = f"reg{uuid.uuid4().hex[:12]}"
    body = {"location": "westeurope", "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": True}}
    assert arm("PUT", f"{REGISTRIES}/{name}", json=body).status_code == 201
    while arm("GET", f"{REGISTRIES}/{name}").json()["properties"]["provisioningState"] != "Succeeded":
        time.sleep(0.02)
    return name


@pytest.fixture(scope="module")
def registry_tasks(credential: ClientSecretCredential) -> "Iterator[ContainerRegistryTasksMgmtClient]":
    """The SDK's client of builds."""
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    with ContainerRegistryTasksMgmtClient(credential, SUBSCRIPTION) as client:
        yield client


@pytest.fixture(scope="module")
def schedule(registry_tasks: "ContainerRegistryTasksMgmtClient", container_registry: str) -> Callable[..., str]:
    """`schedule({"Dockerfile": "FROM scratch"}, "app:1", timeout=60)`: a build of these files; its run id."""

    def start(files: dict[str, str | bytes], *names: str, **more: Any) -> str:
        return scheduled(registry_tasks, container_registry, files, *names, **more)

    return start


@pytest.fixture(scope="module")
def build(
    registry_tasks: "ContainerRegistryTasksMgmtClient",
    container_registry: str,
    schedule: Callable[..., str],
    docker_engine: None,
) -> Callable[..., tuple[Any, str]]:
    """`build(files, "app:1")`: the run's properties once it ended, and its log."""

    def run(files: dict[str, str | bytes], *names: str, **more: Any) -> tuple[Any, str]:
        return ended(registry_tasks, container_registry, schedule(files, *names, **more))

    return run
