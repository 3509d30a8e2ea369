"""Long-running operations: their pace, their failures, and what a restart makes of them."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document, open_world
from emulator.control_client import Control
from emulator.world import World

Arm = Callable[..., requests.Response]
TYPE = "Signalbox.Tests/slowThings"


class SlowThing(Behaviour):
    """A long-running type of these tests; `refuse` makes its operation end Failed, `break` makes the emulator fail."""

    type = TYPE
    long_running = True

    def settle(self, world: World, id: ResourceId, document: Document) -> Document:
        properties = document["properties"]
        if properties.get("refuse"):
            raise AzureError(400, "QuotaExceeded", "There is no quota left.")
        if properties.get("break"):
            raise ZeroDivisionError("a fault of the emulator")
        return {**document, "properties": {**properties, "settled": True}}


@pytest.fixture
def thing() -> str:
    """The id of a thing that does not exist."""
    return f"/subscriptions/s/resourceGroups/rg/providers/{TYPE}/{uuid.uuid4().hex}"


def _put(arm: Arm, path: str, **properties: Any) -> requests.Response:
    answer = arm("PUT", path, json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return answer


def _ended(arm: Arm, answer: requests.Response) -> dict[str, Any]:
    path = answer.headers["Azure-AsyncOperation"].removeprefix("https://management.azure.com")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        document: dict[str, Any] = arm("GET", path).json()
        if document["status"] in ("Succeeded", "Failed", "Canceled"):
            return document
        time.sleep(0.01)
    raise AssertionError("the operation did not end within 10 s")


def _properties(arm: Arm, path: str) -> dict[str, Any]:
    properties: dict[str, Any] = arm("GET", path).json()["properties"]
    return properties


def test_an_operation_takes_as_long_as_its_pace_says(control: Control, arm: Arm, thing: str) -> None:
    control.set_pace(by_type={TYPE: 0.3}, retry_after_ms=25)
    started = time.monotonic()
    answer = _put(arm, thing)
    assert answer.json()["properties"]["provisioningState"] == "Creating"
    assert answer.headers["x-ms-retry-after-ms"] == "25"
    assert _ended(arm, answer)["status"] == "Succeeded"
    assert time.monotonic() - started >= 0.3
    assert _properties(arm, thing) == {"provisioningState": "Succeeded", "settled": True}


def test_a_pace_can_be_for_one_verb(control: Control, arm: Arm, thing: str) -> None:
    control.set_pace(0.0, {f"{TYPE}:delete": 60.0})
    _ended(arm, _put(arm, thing))
    assert arm("DELETE", thing).status_code == 202
    assert _properties(arm, thing)["provisioningState"] == "Deleting"


def test_an_operation_on_one_resource_can_be_slow_whatever_the_pace_says(
    control: Control, arm: Arm, thing: str
) -> None:
    control.add_fault("slow_operation", method="DELETE", path=f"{thing}$", seconds=60)
    _ended(arm, _put(arm, thing))
    _ended(arm, _put(arm, f"{thing}2"))
    deletion = arm("DELETE", thing)
    assert deletion.status_code == 202
    assert _ended(arm, arm("DELETE", f"{thing}2"))["status"] == "Succeeded"
    assert _properties(arm, thing)["provisioningState"] == "Deleting"
    [fault] = control.faults()
    assert fault.happened == 1
    control.remove_fault(fault.id)  # by the pace from then on
    assert _ended(arm, deletion)["status"] == "Succeeded"


def test_creating_and_updating_have_paces_of_their_own(control: Control, arm: Arm, thing: str) -> None:
    control.set_pace(0.0, {f"{TYPE}:update": 60.0})
    _ended(arm, _put(arm, thing))
    assert _put(arm, thing).json()["properties"]["provisioningState"] == "Updating"
    assert arm("GET", thing).json()["properties"]["provisioningState"] == "Updating"
    control.set_pace(0.0, {f"{TYPE}:create": 60.0})
    other = f"{thing}2"
    _put(arm, other)
    assert _properties(arm, other)["provisioningState"] == "Creating"


def test_a_failed_creation_leaves_a_failed_resource_and_its_reason(control: Control, arm: Arm, thing: str) -> None:
    ended = _ended(arm, _put(arm, thing, refuse=True))
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "QuotaExceeded")
    assert _properties(arm, thing)["provisioningState"] == "Failed"


def test_a_failed_update_puts_back_what_was_there(control: Control, arm: Arm, thing: str) -> None:
    _ended(arm, _put(arm, thing, size=1))
    before = arm("GET", thing).json()
    control.add_fault("failed_operation", method="PUT", path="slowThings")
    ended = _ended(arm, _put(arm, thing, size=2))
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "InternalServerError")
    assert arm("GET", thing).json() == before


def test_a_failed_deletion_keeps_the_resource(control: Control, arm: Arm, thing: str) -> None:
    _ended(arm, _put(arm, thing, size=1))
    before = arm("GET", thing).json()
    control.add_fault("failed_operation", method="DELETE")
    assert _ended(arm, arm("DELETE", thing))["status"] == "Failed"
    assert arm("GET", thing).json() == before
    assert _ended(arm, arm("DELETE", thing))["status"] == "Succeeded"
    assert arm("GET", thing).status_code == 404


def test_a_fault_of_the_emulator_ends_the_operation(control: Control, arm: Arm, thing: str) -> None:
    ended = _ended(arm, _put(arm, thing, **{"break": True}))
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "InternalServerError")


def test_a_resource_that_is_busy_takes_no_second_operation(control: Control, arm: Arm, thing: str) -> None:
    control.set_pace(60.0)
    _put(arm, thing)
    for method in ("PUT", "PATCH", "DELETE"):
        answer = arm(method, thing, json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Conflict")


def test_an_update_can_be_silently_not_done(control: Control, arm: Arm, thing: str) -> None:
    _ended(arm, _put(arm, thing, size=1))
    control.add_fault("silent_no_op", path=thing)
    answer = arm("PUT", thing, json={"properties": {"size": 2}})
    assert answer.status_code == 200
    assert _properties(arm, thing)["size"] == 1


def test_what_a_killed_emulator_left_open_is_ended_at_the_next_start(tmp_path: Path) -> None:
    base = f"/subscriptions/s/resourceGroups/rg/providers/{TYPE}"
    first = open_world(tmp_path)
    for state in ("Creating", "Updating", "Deleting", "Succeeded"):
        path = f"{base}/{state}"
        first.store.put(path, {"id": path, "type": TYPE, "name": state, "properties": {"provisioningState": state}})
    first.store.close()  # and no word of the operations
    second = open_world(tmp_path)
    try:
        left = {one["name"]: one["properties"] for one in second.store.children(base)}
        settled = {"provisioningState": "Succeeded", "settled": True}
        assert left == {"Creating": settled, "Updating": settled, "Succeeded": {"provisioningState": "Succeeded"}}
    finally:
        second.close()


def test_the_store_keeps_its_order_over_a_restart_and_deletions(tmp_path: Path) -> None:
    from emulator.arm.store import Store

    store = Store(tmp_path / "s.sqlite")
    for name in "abc":
        store.put(f"/x/{name}", {"name": name})
    store.delete("/x/a")
    store.close()
    store = Store(tmp_path / "s.sqlite")
    store.put("/x/d", {"name": "d"})
    store.put("/x/b", {"name": "b", "changed": True})
    store.close()
    store = Store(tmp_path / "s.sqlite")
    assert [one["name"] for one in store.children("/x")] == ["b", "c", "d"]
    store.close()


def test_a_pace_that_is_set_counts_for_what_is_under_way(control: Control, arm: Arm, thing: str) -> None:
    control.set_pace(60.0)
    answer = _put(arm, thing)
    assert _properties(arm, thing)["provisioningState"] == "Creating"
    control.set_pace()
    assert _ended(arm, answer)["status"] == "Succeeded"
