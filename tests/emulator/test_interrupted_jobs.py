"""What becomes of jobs when the emulator ends before them."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import open_world
from emulator.execution.executor import INTERRUPTED
from emulator.execution.records import JobRecord
from emulator.world import World

WORKSPACE = ResourceId.parse(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with the one datastore that a job needs."""
    one = open_world(tmp_path / "state")
    place = {"accountName": "account", "containerName": "artifacts"}
    _put(one, WORKSPACE.child("datastores", "workspaceartifactstore"), place)
    yield one
    one.close()


def _put(world: World, id: ResourceId, properties: Mapping[str, object]) -> None:
    made = {"createdAt": "2026-01-01T00:00:00Z"}
    document = {"id": id.path, "name": id.name, "type": id.type, "systemData": made, "properties": properties}
    world.store.put(id.path, document)


def _job(world: World, command: str, status: str) -> JobRecord:
    id = WORKSPACE.child("jobs", "j")
    _put(world, id, {"jobType": "Command", "command": command, "status": status})
    return JobRecord(world, id)


@pytest.mark.parametrize("status", ["NotStarted", "Queued", "Running"])
def test_a_job_left_unfinished_by_a_killed_emulator_is_failed_with_the_reason(world: World, status: str) -> None:
    _job(world, "true", status)
    later = open_world(world.folder)
    try:
        properties = JobRecord(later, WORKSPACE.child("jobs", "j")).properties
        assert (properties["status"], properties["error"]["message"]) == ("Failed", INTERRUPTED)
    finally:
        later.close()


def test_what_ended_before_stays_as_it_ended(world: World) -> None:
    _job(world, "true", "Completed")
    later = open_world(world.folder)
    try:
        assert JobRecord(later, WORKSPACE.child("jobs", "j")).properties["status"] == "Completed"
    finally:
        later.close()


def test_an_emulator_that_stops_ends_the_processes_of_its_jobs(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    record = _job(world, f"while true; do date +%N > '{mark}'; sleep 0.05; done", "NotStarted")
    world.executor.submit(record.id)
    deadline = time.monotonic() + 10
    while not mark.exists():
        assert time.monotonic() < deadline, "the job did not start"
        time.sleep(0.02)
    world.executor.shutdown()
    last = mark.read_text()
    time.sleep(0.2)
    assert mark.read_text() == last
    assert record.properties["status"] == "Failed"
    assert record.properties["error"]["message"] == INTERRUPTED
