"""Images and container instances: built once, served, replaced, taken back, and deleted when their time is up."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.states import State
from served import APP, SICK, Served

from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from domain.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.expiry import EXPIRES_AT
from domain.fact import Kind, facts_of
from domain.naming import image_repository
from domain.tags import PREVIOUS, RELEASE_ID
from flows import declared
from flows.declared import declared_workload
from flows.deploy_version import deploy_version
from flows.expire import expire
from flows.expiring import expire_stage
from flows.extend import extend
from flows.release import release
from flows.rollback import rollback
from tasks.container_groups import GroupRequest, create_group, delete_group, tag_group
from tasks.images import find_image
from tasks.ledger import read_facts, release_names

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workload of its own for each test, declared well."""
    name = f"served{abs(hash(request.node.name)) % 100_000}"
    monkeypatch.setattr(declared, "WORKLOADS", tmp_path)
    made = Served(name, tmp_path / name, ("A1",))
    made.declare()
    return made


@dataclass
class Hook:
    """A web hook that keeps what it is told. answers: status codes, the last one for all others."""

    channel: str = "custom-webhook/expiry"
    told: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Saved as a block."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        block = CustomWebhookNotificationBlock(
            name="expiry", url=f"http://127.0.0.1:{server.server_port}/", json_data={"body": "{{subject}} {{body}}"}
        )
        block.save("expiry", overwrite=True)
        yield hook
        server.shutdown()
        thread.join()


def run(served: Served, changed: ChangedCircuits | None = None) -> "State[str]":
    return release(served.name, (changed or served.candidates()).to_json(), "linus", return_state=True)


def succeed(state: "State[str]") -> None:
    assert state.name == "Succeeded", state.message


def expired(site, served: Served, now: datetime, dry_run: bool = False) -> list[str]:
    """What the flow does at dev, at a time of the test's choice."""
    workload = declared_workload(served.name)

    @flow
    def looking() -> list[str]:
        return expire_stage(site.ledger, workload, workload.stage("dev"), now, dry_run)

    return looking()


def test_a_release_is_built_once_served_replaced_and_taken_back(site, served: Served) -> None:
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
    assert (group.tags[RELEASE_ID], group.tags[PREVIOUS]) == (second, f"deployment-{first}")

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


def test_a_dockerfile_that_is_not_there_is_said_before_anything_starts(served: Served) -> None:
    served.declare(dockerfile=None)
    with pytest.raises(Terminal, match="there is no file 'Dockerfile' in service/"):
        release(served.name, served.candidates().to_json(), "linus")


def test_what_never_gets_healthy_goes_back_to_what_served_before(site, served: Served) -> None:
    served.declare(app=SICK, ready_minutes=0.1)
    assert run(served).name == "Rolled_back"
    assert served.group("dev") is None
    served.declare()
    succeed(run(served))
    before = served.ask("dev")["text"]
    served.declare(app=SICK, ready_minutes=0.1)
    state = run(served)
    assert state.name == "Rolled_back"
    assert "Readiness probe failed" in (state.message or "")
    assert served.ask("dev")["text"] == before


def test_a_chosen_version_goes_to_qa_by_hand(site, served: Served) -> None:
    changed = served.candidates()
    succeed(run(served, changed))
    succeed(run(served))
    state = deploy_version(
        str(served.units()[0]), changed.circuits[0].model_version, "qa", served.name, return_state=True
    )
    succeed(state)
    assert served.ask("qa")["version"] == changed.circuits[0].model_version


def test_after_a_day_it_is_announced_once_and_deleted_once(site, served: Served) -> None:
    served.declare(app=APP)
    succeed(run(served))
    group, now = served.group("dev"), datetime.now(UTC)
    assert group is not None
    assert expired(site, served, now) == []
    day = now + timedelta(hours=24, minutes=1)
    assert expired(site, served, day, dry_run=True) == [
        f"would announce {group.name}: its time is up at {group.tags[EXPIRES_AT]}"
    ]
    assert expired(site, served, day) == [f"announced {group.name}"]
    assert expired(site, served, day + timedelta(minutes=5)) == []
    assert expired(site, served, day + timedelta(minutes=61)) == [f"deleted {group.name}"]
    assert served.group("dev") is None
    assert expired(site, served, day + timedelta(days=9)) == []
    name = release_names(site.ledger, served.name)[0]
    [fact] = facts_of(read_facts(site.ledger, served.name, name), Kind.EXPIRED)
    assert fact.body["endpoint"] == group.name


def test_what_was_announced_lives_on_when_it_is_extended_or_deployed_again(site, served: Served) -> None:
    succeed(run(served))
    day = datetime.now(UTC) + timedelta(hours=24, minutes=1)
    assert len(expired(site, served, day)) == 1
    extend("dev", served.name, hours=48)
    assert expired(site, served, day + timedelta(hours=2)) == []
    late = day + timedelta(hours=24)
    assert len(expired(site, served, late)) == 1
    succeed(run(served))
    assert expired(site, served, datetime.now(UTC) + timedelta(hours=22)) == []
    with pytest.raises(Terminal, match=r"none of .* is there with a time to live"):
        extend("qa", served.name)


def test_nothing_is_deleted_while_nobody_can_be_told(site, served: Served) -> None:
    served.declare(notify=("slack-webhook/gone",))
    succeed(run(served))
    day = datetime.now(UTC) + timedelta(hours=24, minutes=1)
    for hours in (0, 2, 48):
        assert expired(site, served, day + timedelta(hours=hours)) == []
    assert served.ask("dev")


def test_what_no_release_made_is_never_touched(site, served: Served) -> None:
    succeed(run(served))
    group = served.group("dev")
    assert group is not None
    variables = {"MODEL_VERSION": "by hand"}
    tags = {EXPIRES_AT: "2020-01-01T00:00:00Z"}
    by_hand = GroupRequest(group.name, group.image, 0.5, 0.5, 8080, "/ready", variables, tags)
    create_group(served.platform("dev").instances, by_hand)
    assert expired(site, served, datetime.now(UTC) + timedelta(days=9)) == []
    state = run(served)
    assert state.name == "Failed"
    assert f"container group {group.name} is there and no release made it" in (state.message or "")
    assert served.ask("dev")["version"] == "by hand"


def test_what_was_changed_by_hand_is_said_and_put_back(site, served: Served) -> None:
    changed, other = served.candidates(), served.candidates()
    succeed(run(served, changed))
    succeed(run(served, other))
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


def test_the_deletion_waits_while_a_channel_refuses(site, served: Served, hook: Hook) -> None:
    hook.answers = [401]
    served.declare(notify=(hook.channel,))
    succeed(run(served))
    group, day = served.group("dev"), datetime.now(UTC) + timedelta(hours=24, minutes=1)
    assert group is not None
    assert expired(site, served, day) == []
    assert expired(site, served, day + timedelta(hours=48)) == []
    assert served.ask("dev")
    hook.answers = [200]
    assert expired(site, served, day + timedelta(hours=49)) == [f"announced {group.name}"]
    assert group.name in hook.told[-1]
    assert expired(site, served, day + timedelta(hours=49, minutes=59)) == []
    assert expired(site, served, day + timedelta(hours=50, minutes=1)) == [f"deleted {group.name}"]


def test_by_hand_the_flow_only_says_what_it_would_do(served: Served) -> None:
    succeed(run(served))
    group = served.group("dev")
    assert group is not None
    tags = {**group.tags, EXPIRES_AT: "2020-01-01T00:00:00Z"}
    tag_group(served.platform("dev").instances, group.name, tags)
    assert f"would announce {group.name}: its time is up at 2020-01-01T00:00:00Z" in expire()
    assert served.ask("dev")
