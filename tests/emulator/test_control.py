"""The control plane: what it takes, what it refuses, and that requests obey it."""

import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from emulator.control_client import Control, ControlError
from emulator.controls.pace import Pace
from emulator.identity import access
from emulator.server import Emulator

GROUP = "/subscriptions/s/resourceGroups/control"
Arm = Callable[..., requests.Response]


def test_health_counts_resources(control: Control, arm: Arm) -> None:
    arm("DELETE", GROUP)
    before = control.health()["resources"]
    assert arm("PUT", GROUP, json={"location": "westeurope"}).status_code == 201
    assert control.health() == {"status": "ok", "resources": before + 1}


def test_reset_empties_an_emulator_and_its_controls(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        control, session = emulator.control, requests.Session()
        session.proxies, session.verify = {"https": emulator.url}, str(emulator.ca_file)
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {access.issue_token(access.ARM_AUDIENCE)}"
        url = "https://management.azure.com/subscriptions/s/resourceGroups/g?api-version=1"
        assert session.put(url, json={"location": "westeurope"}, timeout=10).status_code == 201
        control.add_fault("throttle")
        control.set_pace(7.0)
        control.reset()
        assert (control.health()["resources"], control.faults(), control.pace()) == (0, [], Pace())
        assert session.get(url, timeout=10).status_code == 404


def test_pace_is_data(control: Control) -> None:
    changed = control.set_pace(1.5, {"Microsoft.MachineLearningServices/workspaces/computes": 9}, 40)
    assert changed == control.pace() == Pace(1.5, {"Microsoft.MachineLearningServices/workspaces/computes": 9}, 40)
    assert control.set_pace() == Pace()


def test_faults_are_listed_with_how_often_they_happened(control: Control, arm: Arm) -> None:
    control.add_fault("server_error", method="GET", path="/control$", times=2, status=500)
    assert arm("GET", GROUP).status_code == 500
    (fault,) = control.faults()
    assert (fault.kind, fault.times, fault.happened) == ("server_error", 2, 1)
    control.clear_faults()
    assert control.faults() == []
    assert arm("GET", GROUP).status_code != 500


def test_one_fault_is_removed_and_the_others_stay(control: Control, arm: Arm) -> None:
    ours = control.add_fault("server_error", method="GET", path="/control$", times=2, status=500)
    theirs = control.add_fault("throttle", method="GET", path="/control$")
    assert arm("GET", GROUP).status_code == 500
    removed = control.remove_fault(ours)
    assert (removed.id, removed.kind, removed.happened) == (ours, "server_error", 1)
    assert [fault.id for fault in control.faults()] == [theirs]
    assert arm("GET", GROUP).status_code == 429
    with pytest.raises(ControlError, match=rf"DELETE /faults/{ours}: 404 .*no fault has the id {ours}: it was removed"):
        control.remove_fault(ours)
    control.clear_faults()
    assert control.add_fault("reset") > theirs


def test_the_journal_is_filtered(control: Control, arm: Arm) -> None:
    arm("PUT", GROUP, json={"location": "westeurope"})
    arm("GET", GROUP)
    arm("GET", GROUP + "-absent")
    assert [entry.status for entry in control.journal(method="GET", path="/control")] == [200, 404]
    assert [entry.path for entry in control.journal(status=404)] == [GROUP + "-absent"]
    assert [entry.method for entry in control.journal(host="management.azure.com", last=1)] == ["GET"]
    assert all(entry.milliseconds >= 0 and entry.at.endswith("Z") for entry in control.journal())
    control.clear_journal()
    assert control.journal() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/faults", '{"kind": "flood"}', "kind: Input should be"),
        ("POST", "/faults", '{"kind": "throttle", "path": "("}', "path: Value error, not a regular expression"),
        ("POST", "/faults", '{"kind": "throttle", "often": 2}', "often: Extra inputs are not permitted"),
        ("POST", "/faults", '{"kind": "server_error", "status": 200}', "status: Input should be greater than"),
        ("POST", "/faults", '{"kind"', "Invalid JSON"),
        ("PUT", "/pace", '{"default_seconds": -1}', "default_seconds: Input should be greater than"),
        ("PUT", "/pace", '{"default_seconds": "soon"}', "default_seconds: Input should be a valid number"),
        ("GET", "/journal?path=(", None, "path: Value error, not a regular expression"),
        ("GET", "/journal?when=now", None, "when: Extra inputs are not permitted"),
    ],
)
def test_bad_input_is_explained(emulator: Emulator, method: str, path: str, body: str | None, says: str) -> None:
    answer = requests.request(method, f"{emulator.url}/_emulator{path}", data=body, timeout=10)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert emulator.control.faults() == []


def test_a_refusal_reaches_python_callers_with_its_reason(control: Control) -> None:
    with pytest.raises(ControlError, match=r"POST /faults: 400 .*times: Input should be greater than"):
        control.add_fault("throttle", times=0)


def test_what_starts_code_warm_can_be_had_before_the_first_job(control: Control) -> None:
    parent = control.warm_start()
    assert parent == control.warm_start()
    assert parent is not None
    assert Path(f"/proc/{parent}").exists()


def test_other_names_and_web_pages_are_refused(emulator: Emulator) -> None:
    url = f"{emulator.url}/_emulator/health"
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.get(url, headers={"Origin": "http://evil.example"}, timeout=10).status_code == 403
    port = urlsplit(emulator.url).port
    assert requests.get(f"http://localhost:{port}/_emulator/health", timeout=10).status_code == 200


def test_the_control_plane_is_not_among_azures_hosts(emulator: Emulator) -> None:
    for host in ("management.azure.com", "login.microsoftonline.com"):
        answer = requests.get(f"https://{host}/_emulator/health", timeout=10)
        assert answer.status_code in (401, 404)


def test_unknown_paths_and_plain_proxying_are_refused(emulator: Emulator) -> None:
    assert requests.get(f"{emulator.url}/_emulator/other", timeout=10).status_code == 404
    assert requests.get(f"{emulator.url}/other", timeout=10).status_code == 403
    assert requests.get("http://example.invalid/", proxies={"http": emulator.url}, timeout=10).status_code == 403
    assert urllib.request.getproxies()["https"] == emulator.url
