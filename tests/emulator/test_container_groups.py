"""Container groups by the real SDK: they run, answer HTTP at their own address, and end."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.containerinstance import ContainerInstanceManagementClient
from azure.mgmt.containerinstance.models import ContainerExecRequest, ContainerGroup
from building import pushed

from emulator.control_client import Control
from emulator.identity import access
from emulator.server import Emulator

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
SERVICE = """
import http.server, json, os, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(3)
        if self.path == "/sick":
            self.server.sick = True
        well = not getattr(self.server, "sick", False)
        names = ("FROM_IMAGE", "SETTING", "SECRET", "EMULATOR_CLIENT_SECRET")
        known = {name: os.environ.get(name) for name in names}
        body = json.dumps({**known, "cwd": os.getcwd(), "pid": os.getpid(), "arguments": sys.argv[1:]}).encode()
        self.send_response(200 if well else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("version 1 serves", flush=True)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Page).serve_forever()
"""
CREDENTIALS = [
    {"server": "acrservices.azurecr.io", "username": access.CLIENT_ID, "password": access.CLIENT_SECRET},
]
Groups = Callable[..., ContainerGroup]


def body(image: str, policy: str = "Always", port: int | None = 8080, **more: Any) -> dict[str, Any]:
    """A group of one container, as the REST API has it; more: the container's own properties."""
    ports = [{"port": port}] if port else []
    requests_ = {"requests": {"cpu": 1.0, "memoryInGB": 1.5}}
    container = {"name": "app", "properties": {"image": image, "ports": ports, "resources": requests_, **more}}
    address = {"ipAddress": {"type": "Public", "ports": ports}} if port else {}
    properties = {"osType": "Linux", "restartPolicy": policy, "imageRegistryCredentials": CREDENTIALS, **address}
    return {
        "location": "westeurope",
        "tags": {"release": "r1"},
        "properties": {**properties, "containers": [container]},
    }


@pytest.fixture(scope="module")
def service(emulator: Emulator, push_image: Callable[..., str]) -> str:
    """The image of a small web service."""
    return push_image(SERVICE)


@pytest.fixture
def deploy(instances: ContainerInstanceManagementClient) -> Iterator[Groups]:
    """`deploy("name", body(...))`: the group as it was made; all of them are deleted in the end."""
    made: list[str] = []

    def put(name: str, wanted: dict[str, Any]) -> ContainerGroup:
        made.append(name)
        return instances.container_groups.begin_create_or_update(GROUP, name, wanted).result(30)

    yield put
    for name in made:
        instances.container_groups.begin_delete(GROUP, name).result(30)


def url(group: ContainerGroup, path: str = "/") -> str:
    return f"http://{group.ip_address.ip}:{group.ip_address.ports[0].port}{path}"


def answer(group: ContainerGroup, path: str = "/", seconds: float = 20) -> dict[str, Any]:
    """What the group answers, once it does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = requests.get(url(group, path), timeout=5).json()
        except (requests.ConnectionError, requests.Timeout):
            assert time.monotonic() < deadline, "the group does not answer"
            time.sleep(0.05)
        else:
            assert isinstance(found, dict)
            return found


def until(look: Callable[[], Any], seconds: float = 20) -> Any:
    """What it gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.05)
    return found


def view(instances: ContainerInstanceManagementClient, name: str) -> Any:
    """The instance view of the group's one container."""
    return instances.container_groups.get(GROUP, name).containers[0].instance_view


def test_a_group_answers_http_at_an_address_of_its_own(deploy: Groups, service: str) -> None:
    variables = [{"name": "SETTING", "value": "group"}, {"name": "SECRET", "secureValue": "hush"}]
    group = deploy("answers", body(service, environmentVariables=variables))
    assert group.provisioning_state == "Succeeded"
    assert group.ip_address.ip.startswith("127.")
    assert 64 <= int(group.ip_address.ip.split(".")[1]) < 128
    found = answer(group)
    assert (found["FROM_IMAGE"], found["SETTING"], found["SECRET"]) == ("yes", "group", "hush")
    assert found["cwd"].endswith("/app")


def test_a_group_and_its_operation_have_azures_shape(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient, arm: Any, control: Control
) -> None:
    place = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerInstance/containerGroups"
    )
    control.set_pace(by_type={"Microsoft.ContainerInstance/containerGroups": 600})
    waits = ["python", "-c", "import time; time.sleep(60)"]
    made = arm("PUT", f"{place}/shape", json=body(service, port=None, command=waits))
    properties = made.json()["properties"]
    assert (made.status_code, properties["provisioningState"], properties["initContainers"]) == (201, "Pending", [])
    assert (properties["provisioningTimeoutInSeconds"], properties["isCustomProvisioningTimeout"]) == (1800, False)
    [container] = properties["containers"]
    assert (container["properties"]["ports"], container["properties"]["environmentVariables"]) == ([], [])
    operation = made.headers["Azure-AsyncOperation"].removeprefix("https://management.azure.com")
    seen = arm("GET", operation).json()
    assert (seen["id"], seen["status"]) == (f"{place}/shape", "Pending")
    control.set_pace()
    done = until(lambda: (one := arm("GET", operation).json())["status"] == "Succeeded" and one)
    assert done["startTime"] == seen["startTime"]
    assert [one["name"] for one in done["properties"]["events"]] == ["Pulling", "Pulled", "Created", "Started"]
    instances.container_groups.begin_delete(GROUP, "shape").result(30)


def test_a_groups_identity_has_principals_that_stay(deploy: Groups, service: str) -> None:
    user = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    system = {"type": "SystemAssigned"}
    one, again = (deploy("identity", {**body(service, port=None), "identity": system}).identity for _ in range(2))
    assert one.principal_id
    assert (one.principal_id, one.tenant_id) == (again.principal_id, access.TENANT_ID)
    both = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {user: {}}}
    found = deploy("identity-user", {**body(service, port=None), "identity": both}).identity
    assert found.principal_id != one.principal_id
    principal = found.user_assigned_identities[user]
    assert principal.principal_id != principal.client_id


def test_a_group_shows_what_its_containers_do_and_no_secret(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    variables = [{"name": "SECRET", "secureValue": "hush"}]
    wanted = body(service, environmentVariables=variables)
    wanted["properties"]["diagnostics"] = {"logAnalytics": {"workspaceId": "w", "workspaceKey": "hush"}}
    deploy("shows", wanted)
    group = instances.container_groups.get(GROUP, "shows")
    container = group.containers[0]
    assert group.instance_view.state == "Running"
    assert (container.instance_view.current_state.state, container.instance_view.restart_count) == ("Running", 0)
    assert container.instance_view.current_state.start_time is not None
    assert [one.name for one in container.instance_view.events] == ["Pulling", "Pulled", "Created", "Started"]
    assert (container.environment_variables[0].name, container.environment_variables[0].secure_value) == (
        "SECRET",
        None,
    )
    assert group.image_registry_credentials[0].password is None
    assert group.diagnostics.log_analytics.workspace_id == "w"
    assert "hush" not in str(group.serialize(keep_readonly=True))


def test_logs_are_what_the_container_printed(
    deploy: Groups, push_image: Callable[..., str], emulator: Emulator, instances: ContainerInstanceManagementClient
) -> None:
    image = push_image("for n in range(5): print('line', n)\n", "lines")
    deploy("logs", body(image, "Never", None))
    until(lambda: view(instances, "logs").current_state.state == "Terminated")
    logs = instances.containers.list_logs
    assert logs(GROUP, "logs", "app").content == "line 0\nline 1\nline 2\nline 3\nline 4\n"
    assert logs(GROUP, "logs", "app", tail=2).content == "line 3\nline 4\n"
    moment, _, line = logs(GROUP, "logs", "app", tail=1, timestamps=True).content.partition(" ")
    assert (moment[:4].isdigit(), moment[-1], line) == (True, "Z", "line 4\n")
    with pytest.raises(ResourceNotFoundError, match="container 'other' is not found in container group 'logs'"):
        logs(GROUP, "logs", "other")
    with pytest.raises(HttpResponseError, match="The tail '-1' is invalid"):
        logs(GROUP, "logs", "app", tail=-1)


def test_a_container_gives_no_terminal_and_says_so(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    deploy("terminal", body(service))
    order = ContainerExecRequest(command="/bin/sh")
    with pytest.raises(HttpResponseError, match="opens no terminal") as refused:
        instances.containers.execute_command(GROUP, "terminal", "app", order)
    assert refused.value.status_code == 400
    with pytest.raises(HttpResponseError, match="opens no terminal"):
        instances.containers.attach(GROUP, "terminal", "app")
    with pytest.raises(ResourceNotFoundError, match="container 'other' is not found"):
        instances.containers.attach(GROUP, "terminal", "other")


def test_deleting_a_group_ends_it_and_gives_it_back(service: str, instances: ContainerInstanceManagementClient) -> None:
    groups = instances.container_groups
    group = groups.begin_create_or_update(GROUP, "brief", body(service)).result(30)
    process = answer(group)["pid"]
    deleted = groups.begin_delete(GROUP, "brief").result(30)
    assert (deleted.name, deleted.tags) == ("brief", {"release": "r1"})
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group), timeout=5)
    with pytest.raises(ResourceNotFoundError, match="containerGroups/brief' under resource group 'rg' was not found"):
        groups.get(GROUP, "brief")
    assert groups.begin_delete(GROUP, "brief").result(30) is None


def test_a_deleted_resource_group_ends_what_runs_in_it(
    service: str, instances: ContainerInstanceManagementClient, arm: Any
) -> None:
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/short-lived"
    arm("PUT", place, json={"location": "westeurope"})
    group = instances.container_groups.begin_create_or_update("short-lived", "inner", body(service)).result(30)
    process = answer(group)["pid"]
    arm("DELETE", place)
    until(lambda: not Path(f"/proc/{process}").exists())


def test_a_stopped_group_starts_again_under_the_same_address(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    group = deploy("pausing", body(service))
    first = answer(group)["pid"]
    instances.container_groups.stop(GROUP, "pausing")
    until(lambda: instances.container_groups.get(GROUP, "pausing").instance_view.state == "Stopped")
    assert view(instances, "pausing").current_state.state == "Terminated"
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group), timeout=5)
    instances.container_groups.begin_start(GROUP, "pausing").result(30)
    again = instances.container_groups.get(GROUP, "pausing")
    assert (again.ip_address.ip, again.instance_view.state) == (group.ip_address.ip, "Running")
    second = answer(group)["pid"]
    instances.container_groups.begin_restart(GROUP, "pausing").result(30)
    assert len({first, second, answer(group)["pid"]}) == 3


def test_tags_change_while_the_containers_run_on(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    group = deploy("tagged", body(service))
    process = answer(group)["pid"]
    changed = instances.container_groups.update(GROUP, "tagged", {"tags": {"expires_at": "2026-01-01T00:00:00Z"}})
    assert changed.tags["expires_at"] == "2026-01-01T00:00:00Z"
    assert (answer(group)["pid"], changed.containers[0].image) == (process, service)


def test_lists_have_no_instance_view(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    deploy("listed", body(service))
    for found in (instances.container_groups.list(), instances.container_groups.list_by_resource_group(GROUP)):
        one = next(one for one in found if one.name == "listed")
        assert (one.instance_view, one.containers[0].instance_view, one.tags) == (None, None, {"release": "r1"})
    usage = next(iter(instances.location.list_usage("westeurope")))
    assert (usage.name.value, usage.current_value >= 1) == ("ContainerGroups", True)
    assert next(iter(instances.location.list_capabilities("westeurope"))).capabilities.max_cpu == 4


def test_deploying_again_replaces_the_containers_at_the_same_address(
    deploy: Groups, service: str, push_image: Callable[..., str], emulator: Emulator
) -> None:
    group = deploy("twice", body(service))
    answer(group)
    image = push_image(SERVICE.replace('"cwd"', '"version": 2, "cwd"'), "2")
    second = deploy("twice", body(image, command=["python", "/app/main.py", "--fast"]))
    found = answer(second)
    assert (found["version"], found["arguments"], second.ip_address.ip) == (2, ["--fast"], group.ip_address.ip)


def test_what_needs_a_new_group_is_refused_as_an_update(deploy: Groups, service: str) -> None:
    deploy("fixed", body(service))
    with pytest.raises(HttpResponseError, match="you must delete it first and then create a new one") as refused:
        deploy("fixed", body(service, "Never"))
    assert refused.value.error.code == "InvalidContainerGroupUpdate"


def test_a_container_that_exits_is_restarted_with_growing_pauses(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    group = deploy("crashing", body(service, command=["python", "-c", "raise SystemExit(7)"]))
    waiting = until(lambda: (seen := view(instances, "crashing")).restart_count >= 2 and seen)
    assert waiting.previous_state.exit_code == 7
    until(lambda: view(instances, "crashing").current_state.detail_status == "CrashLoopBackOff")
    back_off = next(one for one in view(instances, "crashing").events if one.name == "BackOff")
    assert (back_off.type, back_off.count >= 2) == ("Warning", True)
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group), timeout=5)


def test_a_service_that_falls_over_comes_back(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    group = deploy("falling", body(service, "OnFailure"))
    first = answer(group)["pid"]
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group, "/exit"), timeout=5)
    assert answer(group)["pid"] != first
    assert view(instances, "falling").previous_state.exit_code == 3


@pytest.mark.parametrize(
    ("name", "policy", "code", "state"),
    [("done", "OnFailure", 0, "Succeeded"), ("failed", "Never", 5, "Failed"), ("done-once", "Never", 0, "Succeeded")],
)
def test_a_group_that_ended_says_how_and_is_not_updated(
    deploy: Groups,
    service: str,
    instances: ContainerInstanceManagementClient,
    name: str,
    policy: str,
    code: int,
    state: str,
) -> None:
    wanted = body(service, policy, None, command=["python", "-c", f"raise SystemExit({code})"])
    deploy(name, wanted)
    group = until(lambda: (seen := instances.container_groups.get(GROUP, name)).instance_view.state == state and seen)
    assert group.containers[0].instance_view.current_state.exit_code == code
    with pytest.raises(HttpResponseError, match=f"has terminated .{state}. and cannot be updated"):
        deploy(name, wanted)


def test_a_container_that_fails_its_liveness_probe_is_restarted(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    probe = {
        "httpGet": {"port": 8080, "path": "/"},
        "initialDelaySeconds": 1,
        "periodSeconds": 1,
        "failureThreshold": 2,
    }
    group = deploy("probed", body(service, livenessProbe=probe))
    answer(group)
    requests.get(url(group, "/sick"), timeout=5)
    seen = until(lambda: (one := view(instances, "probed")).restart_count and one)
    assert {"Unhealthy", "Killing"} <= {one.name for one in seen.events}
    assert any("HTTP probe failed with statuscode: 500" in one.message for one in seen.events)
    until(lambda: requests.get(url(group), timeout=5).status_code == 200 if _listens(group) else False)


def test_a_container_that_is_not_ready_gets_no_callers(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    probe = {
        "httpGet": {"port": 8080, "path": "/"},
        "initialDelaySeconds": 2,
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    group = deploy("readied", body(service, readinessProbe=probe))
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group), timeout=5)
    answer(group)
    requests.get(url(group, "/sick"), timeout=5)
    until(lambda: "Unhealthy" in [one.name for one in view(instances, "readied").events])
    with pytest.raises(requests.ConnectionError):
        requests.get(url(group), timeout=5)
    assert view(instances, "readied").restart_count == 0


def _listens(group: ContainerGroup) -> bool:
    try:
        requests.get(url(group), timeout=5)
    except requests.ConnectionError:
        return False
    return True


def test_a_port_that_is_taken_fails_the_group_with_the_reason(
    deploy: Groups, service: str, instances: ContainerInstanceManagementClient
) -> None:
    group = deploy("taken", body(service))
    instances.container_groups.stop(GROUP, "taken")
    until(lambda: instances.container_groups.get(GROUP, "taken").instance_view.state == "Stopped")
    with socket.create_server((group.ip_address.ip, 8080)):
        with pytest.raises(HttpResponseError, match=r"port 8080 of the public address .* something listens there"):
            instances.container_groups.begin_start(GROUP, "taken").result(30)
        assert instances.container_groups.get(GROUP, "taken").instance_view.state == "Failed"
    instances.container_groups.begin_start(GROUP, "taken").result(30)
    answer(group)


def test_a_port_below_1024_works_where_the_machine_lets_us(deploy: Groups, service: str) -> None:
    if os.geteuid() != 0 and int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) > 80:
        pytest.skip("this user may not open port 80")
    assert answer(deploy("eighty", body(service, port=80)))["FROM_IMAGE"] == "yes"


def test_a_group_that_is_being_started_takes_no_other_order(
    service: str, instances: ContainerInstanceManagementClient, control: Control
) -> None:
    groups = instances.container_groups
    control.set_pace(by_type={"Microsoft.ContainerInstance/containerGroups": 600})
    poller = groups.begin_create_or_update(GROUP, "slow", body(service))
    with pytest.raises(HttpResponseError, match="container group 'slow' is still transitioning"):
        groups.stop(GROUP, "slow")
    for order in (
        lambda: groups.begin_delete(GROUP, "slow"),
        lambda: groups.begin_create_or_update(GROUP, "slow", body(service)),
    ):
        with pytest.raises(HttpResponseError, match="container group 'slow' is still transitioning") as refused:
            order()
        assert (refused.value.status_code, refused.value.error.code) == (409, "ContainerGroupTransitioning")
    control.set_pace()
    poller.result(30)
    groups.begin_delete(GROUP, "slow").result(30)


def test_the_process_hears_that_it_is_to_end(
    deploy: Groups, push_image: Callable[..., str], emulator: Emulator, instances: ContainerInstanceManagementClient
) -> None:
    script = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0)))\n"
    image = push_image(script + "print('ready', flush=True)\ntime.sleep(60)\n", "polite")
    deploy("polite", body(image, port=None))
    until(lambda: "ready" in instances.containers.list_logs(GROUP, "polite", "app").content)
    instances.container_groups.stop(GROUP, "polite")
    until(lambda: instances.container_groups.get(GROUP, "polite").instance_view.state == "Stopped")
    assert instances.containers.list_logs(GROUP, "polite", "app").content == "ready\nbye\n"
    assert view(instances, "polite").current_state.exit_code == 0


def test_a_process_that_does_not_want_to_end_is_ended(
    deploy: Groups, push_image: Callable[..., str], emulator: Emulator, instances: ContainerInstanceManagementClient
) -> None:
    script = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    deploy("stubborn", body(push_image(script, "stubborn"), port=None))
    until(lambda: "ready" in instances.containers.list_logs(GROUP, "stubborn", "app").content)
    instances.container_groups.stop(GROUP, "stubborn")
    until(lambda: instances.container_groups.get(GROUP, "stubborn").instance_view.state == "Stopped")
    assert view(instances, "stubborn").current_state.exit_code == 128 + signal.SIGKILL


def test_groups_run_again_under_their_address_when_the_emulator_starts_again(
    tmp_path: Path, docker_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.identity import ClientSecretCredential

    processes, addresses = [], []
    for _ in range(2):
        with Emulator(tmp_path) as running:
            for name, value in running.environment().items():
                monkeypatch.setenv(name, value)
            credential = ClientSecretCredential(access.TENANT_ID, access.CLIENT_ID, access.CLIENT_SECRET)
            with ContainerInstanceManagementClient(credential, SUBSCRIPTION) as client:
                if not processes:
                    image = pushed(credential, SERVICE)
                    client.container_groups.begin_create_or_update(GROUP, "lasting", body(image)).result(30)
                    once = body(image, "Never", None)
                    client.container_groups.begin_create_or_update(GROUP, "once", once).result(30)
                else:
                    assert client.container_groups.get(GROUP, "once").instance_view.state == "Stopped"
                group = client.container_groups.get(GROUP, "lasting")
                processes.append(answer(group)["pid"])
                addresses.append(group.ip_address.ip)
        assert not Path(f"/proc/{processes[-1]}").exists()
    assert processes[0] != processes[1]
    assert addresses[0] == addresses[1]
