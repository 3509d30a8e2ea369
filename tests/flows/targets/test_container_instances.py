"""Images and container instances: built once, served, replaced and rolled back."""

import time

import pytest
from own_faults import OwnFaults
from prefect.states import State
from served import SICK, Served

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.naming import deployment_name, image_repository
from domain.rollout.expiry import EXPIRES_AT
from domain.tags import PREVIOUS, RELEASE_ID
from flows.deploy_version import deploy_version
from flows.release import release
from flows.rollback import rollback
from tasks.ledger.facts import release_names
from tasks.ledger.lease import stage_lease
from tasks.targets.container_instance.groups import GroupRequest, create_group, delete_group
from tasks.targets.images.build import find_image
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")


def run(served: Served, changed: ChangedCircuits | None = None) -> "State[str]":
    return release(served.name, (changed or served.candidates()).build_id, "linus", return_state=True)


def succeed(state: "State[str]") -> None:
    assert state.name == "Succeeded", state.message


@pytest.mark.slow
def test_a_release_is_built_once_served_replaced_and_rolled_back(site, served: Served) -> None:
    changed = served.candidates()
    succeed(run(served, changed))
    first = release_names(site.ledger, served.name)[0]
    answered = served.ask("qa")
    assert answered["version"] == changed.circuits[0].model_version
    group = served.group("dev")
    assert group is not None
    assert group.tags[RELEASE_ID] == first
    assert EXPIRES_AT in group.tags
    image = find_image(loaded(ContainerRegistry, "images"), image_repository(served.name, served.units()[0]), first)
    assert image is not None
    assert image.locked
    assert group.image == image.pinned

    succeed(run(served, changed))  # nothing to do
    assert served.ask("qa")["pid"] == answered["pid"]

    succeed(run(served))
    second = release_names(site.ledger, served.name)[0]
    assert served.ask("qa")["text"] != answered["text"]
    group = served.group("qa")
    assert group is not None
    assert (group.tags[RELEASE_ID], group.tags[PREVIOUS]) == (second, deployment_name(first))

    rollback(served.name, "qa", reason="odd", dry_run=False)
    assert served.ask("qa")["text"] == answered["text"]
    assert rollback(served.name, "qa", reason="odd", dry_run=False) == []
    assert served.ask("qa")["text"] == answered["text"]


def test_a_build_that_fails_shows_its_log_and_deploys_nothing(site, served: Served) -> None:
    served.declare(dockerfile="FROM python:3.11-slim\nRUN echo this is why && exit 3\n")
    state = run(served)
    assert state.name == "Failed"
    assert "this is why" in (state.message or "")
    assert served.group("dev") is None


def test_a_version_that_nobody_registered_is_named_and_nothing_is_built(site, served: Served) -> None:
    (made,) = served.candidates().circuits
    changed = served.hand_over([made.model_copy(update={"model_version": "99"})])
    with pytest.raises(Terminal, match=f"has no model {made.model_name}:99, so nothing says how it was made"):
        release(served.name, changed.build_id, "linus")
    assert served.group("dev") is None
    assert release_names(site.ledger, served.name) == ()


@pytest.mark.slow
def test_a_dockerfile_that_is_not_there_is_said_before_anything_starts(served: Served) -> None:
    served.declare(dockerfile=None)
    with pytest.raises(Terminal, match="there is no file 'Dockerfile' in service/"):
        release(served.name, served.candidates().build_id, "linus")


@pytest.mark.long
@pytest.mark.slow
def test_what_never_gets_healthy_is_rolled_back_to_what_served_before(site, served: Served) -> None:
    served.declare(app=SICK, ready_minutes=0.1)
    assert run(served).name == "Rolled_back"
    assert served.group("dev") is None
    served.declare()
    served.serve()
    before = served.ask("dev")["text"]
    served.declare(app=SICK, ready_minutes=0.1)
    state = run(served)
    assert state.name == "Rolled_back"
    assert "Readiness probe failed" in (state.message or "")
    assert served.ask("dev")["text"] == before


@pytest.mark.slow
def test_a_chosen_version_goes_to_qa_by_hand(site, served: Served) -> None:
    changed = served.candidates()
    served.serve(changed)
    served.serve()
    state = deploy_version(
        str(served.units()[0]), changed.circuits[0].model_version, "qa", served.name, return_state=True
    )
    succeed(state)
    assert served.ask("qa")["version"] == changed.circuits[0].model_version


def declare_cpu(served: Served, cpu: float) -> None:
    """For every stage from now on."""
    served.declare()
    file = served.folder / "workload.yaml"
    file.write_text(file.read_text().replace("cpu: 0.5", f"cpu: {cpu:g}"))


@pytest.mark.slow
def test_another_size_is_a_new_group_that_knows_what_served_before_also_where_its_making_is_refused_at_first(
    site, served: Served, faults: OwnFaults
) -> None:
    served.serve()
    declare_cpu(served, 1)
    served.serve()
    second, first = [deployment_name(name) for name in release_names(site.ledger, served.name)]
    group = served.group("dev")
    assert group is not None
    assert [cpu for _, cpu, _ in group.fixed.amounts] == [1.0]
    assert group.tags[PREVIOUS] == first

    declare_cpu(served, 0.25)
    platform = served.platform("dev")
    with stage_lease(site.ledger, served.name, "dev", "one that dies") as held:
        faults.add("server_error", method="PUT", path=f"containerGroups/{group.name}", status=501)
        with pytest.raises(Terminal, match="creating container group"):
            platform.switch(held, group.name, first)
    assert served.group("dev") is None
    with stage_lease(site.ledger, served.name, "dev", "the next") as held:
        platform.switch(held, group.name, second)
    assert served.ask("dev")
    group = served.group("dev")
    assert group is not None
    assert [cpu for _, cpu, _ in group.fixed.amounts] == [0.25]
    assert group.tags[PREVIOUS] == first


@pytest.mark.slow
def test_a_group_that_was_stopped_or_has_ended_is_made_anew(site, served: Served) -> None:
    served.serve(until="dev")
    platform, group = served.platform("dev"), served.group("dev")
    assert group is not None
    first, groups = deployment_name(group.tags[RELEASE_ID]), platform.instances.get_client().container_groups
    groups.stop(platform.instances.resource_group, group.name)
    wait_for(served, "Stopped")
    with stage_lease(site.ledger, served.name, "dev", "again") as held:
        platform.switch(held, group.name, first)
    assert served.ask("dev")

    made = groups.get(platform.instances.resource_group, group.name)
    delete_group(platform.instances, group.name)
    made.restart_policy, made.containers[0].command = "Never", ["python", "-c", "pass"]
    groups.begin_create_or_update(platform.instances.resource_group, group.name, made).result(30)
    wait_for(served, "Succeeded")
    succeed(run(served))
    assert served.ask("dev")
    group = served.group("dev")
    assert group is not None
    assert group.tags[PREVIOUS] == first


def wait_for(served: Served, state: str) -> None:
    """Until dev's group says that it is so."""
    deadline = time.monotonic() + 60
    while (group := served.group("dev")) is None or group.running != state:
        assert time.monotonic() < deadline, group
        time.sleep(0.2)


@pytest.mark.slow
def test_what_was_changed_by_hand_is_said_and_put_back(site, served: Served) -> None:
    changed, other = served.candidates(), served.candidates()
    served.serve(changed)
    served.serve(other)
    before, answered = served.group("qa"), served.ask("qa")
    assert before is not None
    platform, stage = served.platform("dev"), declared_workload(served.name).stage("dev")
    older = find_image(
        loaded(ContainerRegistry, "images"),
        image_repository(served.name, served.units()[0]),
        release_names(site.ledger, served.name)[1],
    )
    assert older is not None
    group = served.group("dev")
    assert group is not None
    create_group(
        platform.instances,
        GroupRequest(group.name, older.pinned, 0.5, 0.5, 8080, "/ready", {"MODEL_VERSION": "by hand"}, group.tags),
    )
    [said] = [one for one in platform.diagnose(stage, {}) if "changed it by hand" in one.advice]
    assert said.seen == older.pinned
    delete_group(platform.instances, group.name)
    version = answered["version"]
    succeed(deploy_version(str(served.units()[0]), version, "dev", served.name, return_state=True))
    assert platform.serving(group.name) is not None
    assert not [one for one in platform.diagnose(stage, {}) if not one.healthy]
    assert served.ask("dev")["version"] == answered["version"]
