"""What was deployed for a while: announced once, deleted once, prolonged, and kept while nobody can be told."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from begun import begin
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.states import State
from served import Served
from tiny import Tiny

from domain.approval.request import ApprovalRequest
from domain.errors import StageLost, Terminal
from domain.ledger.fact import Kind, facts_of
from domain.ledger.lease import Lease
from domain.naming import deployment_name
from domain.outcome import Outcome
from domain.release.outcome import shown_ending
from domain.rollout.deployment_history import FENCE
from domain.rollout.expiry import ANNOUNCED_AT, EXPIRES_AT
from domain.tags import PREVIOUS, RELEASE_ID
from domain.utc import utc_text
from flows.expire import expire
from flows.extend import extend
from flows.fan_out.error_list import ErrorList
from flows.release import release
from flows.rollout.expire_stage import expire_stage
from tasks.ledger import lease
from tasks.ledger.facts import open_ledger, read_facts, record, release_names
from tasks.ledger.lease import stage_lease
from tasks.targets.container_instance.groups import ContainerGroup, GroupRequest, create_group, tag_group
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")

A_DAY = timedelta(hours=24, minutes=1)


@dataclass
class Hook:
    """A web hook that keeps what it is told. answers: status codes, the last one for all others. meanwhile: done before it answers."""

    channel: str
    told: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])
    meanwhile: list[Callable[[], None]] = field(default_factory=list)


@pytest.fixture
def hook(unique: str) -> Iterator[Hook]:
    """Saved as a block of the test's own."""
    hook = Hook(f"custom-webhook/expiry-{unique}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            while hook.meanwhile:
                hook.meanwhile.pop()()
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
        block.save(f"expiry-{unique}", overwrite=True)
        yield hook
        server.shutdown()
        thread.join()


def run(served: Served) -> "State[str]":
    return release(served.name, served.candidates().build_id, "linus", return_state=True)


def succeed(state: "State[str]") -> None:
    assert state.name == "Succeeded", state.message


def at_dev(served: Served) -> ContainerGroup:
    group = served.group("dev")
    assert group is not None
    return group


def looked(site, served: Served, now: datetime, dry_run: bool = False) -> ErrorList:
    """What the flow does at dev, at a time of the test's choice."""
    workload, errors = declared_workload(served.name), ErrorList()

    @flow
    def looking() -> None:
        expire_stage(errors, site.ledger, workload, workload.stage("dev"), now, dry_run)

    looking()
    return errors


def expired(site, served: Served, now: datetime) -> list[str]:
    """The same, where all of it can be done."""
    errors = looked(site, served, now)
    assert errors.undone == []
    return errors.done


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders of stages do not renew their leases, as one that sleeps."""
    monkeypatch.setattr(lease, "RENEWED_EVERY", 1000.0)


def run_out(site, served: Served) -> None:
    """As if the time of dev's lease had passed."""
    blob = open_ledger(site.ledger).get_blob_client(f"leases/{served.name}/dev.json")
    held = Lease.model_validate_json(blob.download_blob().readall())
    blob.upload_blob(held.ended(datetime.now(UTC) - timedelta(seconds=1)).model_dump_json(), overwrite=True)


def test_after_a_day_it_is_announced_once_and_deleted_once(site, served: Served, hook: Hook) -> None:
    served.declare(notify=(hook.channel,))
    succeed(run(served))
    group, now = at_dev(served), datetime.now(UTC)
    assert expired(site, served, now) == []
    day = now + A_DAY
    assert looked(site, served, day, dry_run=True).done == [
        f"would announce {group.name}: its time is up at {group.tags[EXPIRES_AT]}"
    ]
    assert hook.told == []
    assert expired(site, served, day) == [f"announced {group.name}"]
    assert expired(site, served, day + timedelta(minutes=5)) == []
    assert expired(site, served, day + timedelta(minutes=61)) == [f"deleted {group.name}"]
    assert served.group("dev") is None
    assert expired(site, served, day + timedelta(days=9)) == []
    assert len(hook.told) == 1
    name = release_names(site.ledger, served.name)[0]
    [fact] = facts_of(read_facts(site.ledger, served.name, name), Kind.EXPIRED)
    assert fact.body["endpoint"] == group.name


@pytest.mark.slow
def test_each_step_is_done_by_another_process_and_the_one_before_it_was_killed(
    site, served: Served, hook: Hook
) -> None:
    served.declare(notify=(hook.channel,))
    served.serve(until="dev")
    group, day = at_dev(served), datetime.now(UTC) + A_DAY
    script = Path(__file__).parents[1] / "expiring_once.py"
    environment = {
        **os.environ,
        "SIGNALBOX_WORKLOADS": str(served.folder.parent),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }

    def by_another_process(minutes: int) -> str:
        arguments = [sys.executable, str(script), served.name, "dev", utc_text(day + timedelta(minutes=minutes))]
        ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120, env=environment)
        assert ended.returncode == -9, ended.stderr
        return ended.stdout

    assert by_another_process(0) == f"announced {group.name}"
    assert by_another_process(5) == ""
    assert by_another_process(59) == ""
    assert served.ask("dev")
    assert by_another_process(61) == f"deleted {group.name}"
    assert by_another_process(66) == ""
    assert served.group("dev") is None
    assert len(hook.told) == 1


@pytest.mark.slow
def test_what_was_announced_lives_on_when_it_is_extended_or_deployed_again(site, served: Served) -> None:
    served.serve()
    group, day = at_dev(served), datetime.now(UTC) + A_DAY
    assert expired(site, served, day) == [f"announced {group.name} only in the log: stage dev declares no `notify`"]
    extend("dev", served.name, hours=48)
    assert expired(site, served, day + timedelta(hours=2)) == []
    late = day + timedelta(hours=24)
    assert len(expired(site, served, late)) == 1
    served.serve()
    assert expired(site, served, datetime.now(UTC) + timedelta(hours=22)) == []
    with pytest.raises(Terminal, match=r"none of .* has a time to live there"):
        extend("qa", served.name)


@pytest.mark.slow
def test_a_life_is_never_shortened(served: Served) -> None:
    served.serve(until="dev")
    ends = at_dev(served).tags[EXPIRES_AT]
    [said] = extend("dev", served.name, hours=1)
    assert (
        said
        == f"{at_dev(served).name} lives until {ends} already, so nothing was changed: a time to live is never shortened"
    )
    assert at_dev(served).tags[EXPIRES_AT] == ends
    [said] = extend("dev", served.name, hours=48)
    assert at_dev(served).tags[EXPIRES_AT] > ends
    assert said.endswith(at_dev(served).tags[EXPIRES_AT])


def test_a_channel_that_could_never_be_told_keeps_a_release_from_starting(served: Served) -> None:
    served.declare(notify=("slack-webhook/nobody-saved-it",))
    with pytest.raises(
        Terminal, match=r"stage dev: channel 1 of 1: channel slack-webhook/nobody-saved-it cannot be used"
    ):
        release(served.name, served.candidates().build_id, "linus")
    assert served.group("dev") is None


def test_nothing_is_deleted_while_nobody_can_be_told(site, served: Served, hook: Hook) -> None:
    served.declare(notify=(hook.channel,))
    served.serve(until="dev")
    group, day = at_dev(served), datetime.now(UTC) + A_DAY
    served.declare(notify=("slack-webhook/gone", hook.channel))
    hook.answers = [401]
    for hours in (0, 2, 48):
        errors = looked(site, served, day + timedelta(hours=hours))
        assert errors.done == []
        [why] = errors.undone
        assert f"{group.name} at dev of {served.name}: nobody could be told that its time is up, so it is kept" in why
        assert "slack-webhook/gone" in why
        assert "401" in why
    assert served.ask("dev")
    hook.answers = [200]
    [said] = expired(site, served, day + timedelta(hours=49))
    assert said.startswith(f"announced {group.name}, but not to slack-webhook/gone: ")
    assert group.name in hook.told[-1]
    assert expired(site, served, day + timedelta(hours=49, minutes=59)) == []
    assert expired(site, served, day + timedelta(hours=50, minutes=1)) == [f"deleted {group.name}"]


@pytest.mark.slow
def test_what_no_release_made_is_never_touched(site, served: Served) -> None:
    served.serve()
    group = at_dev(served)
    variables = {"MODEL_VERSION": "by hand"}
    tags = {EXPIRES_AT: "2020-01-01T00:00:00Z"}
    by_hand = GroupRequest(group.name, group.image, 0.5, 0.5, 8080, "/ready", variables, tags)
    create_group(served.platform("dev").instances, by_hand)
    assert expired(site, served, datetime.now(UTC) + timedelta(days=9)) == []
    state = run(served)
    assert state.name == "Failed"
    assert f"container group {group.name} is there and no release made it" in (state.message or "")
    assert served.ask("dev")["version"] == "by hand"


@pytest.mark.slow
def test_by_hand_the_flow_only_says_what_it_would_do(served: Served) -> None:
    served.serve(until="dev")
    group = at_dev(served)
    tags = {**group.tags, EXPIRES_AT: "2020-01-01T00:00:00Z"}
    tag_group(served.platform("dev").instances, group.name, tags)
    assert f"would announce {group.name}: its time is up at 2020-01-01T00:00:00Z" in expire()
    assert served.ask("dev")


@pytest.mark.slow
def test_of_two_runs_at_once_one_announces(site, served: Served, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 0.2)
    served.declare(notify=(hook.channel,))
    served.serve(until="dev")
    group, day = at_dev(served), datetime.now(UTC) + A_DAY
    second: list[list[str]] = []
    hook.meanwhile = [lambda: second.append(expired(site, served, day))]
    assert expired(site, served, day) == [f"announced {group.name}"]
    assert second == [[]]
    assert len(hook.told) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("silent")
def test_what_was_deployed_while_people_were_told_keeps_its_own_tags(site, served: Served, hook: Hook) -> None:
    served.declare(notify=(hook.channel,))
    served.serve(until="dev")
    served.serve(until="dev")
    group, day = at_dev(served), datetime.now(UTC) + A_DAY
    earlier = group.tags[PREVIOUS]

    def deploy() -> None:
        """As another run does once the first was silent for so long that its lease has ended."""
        run_out(site, served)
        with stage_lease(site.ledger, served.name, "dev", "another") as held:
            served.platform("dev").switch(held, group.name, earlier)

    hook.meanwhile = [deploy]
    errors = looked(site, served, day)
    assert errors.done == []
    [why] = errors.undone
    assert "later holder" in why or "was taken by another run" in why
    now = at_dev(served).tags
    assert deployment_name(now[RELEASE_ID]) == earlier
    assert now[FENCE] > group.tags[FENCE]
    assert ANNOUNCED_AT not in now


@pytest.mark.usefixtures("silent")
def test_tags_are_set_by_nobody_who_lost_the_stage(site, served: Served) -> None:
    served.serve(until="dev")
    group, platform = at_dev(served), served.platform("dev")
    with stage_lease(site.ledger, served.name, "dev", "first") as late:
        run_out(site, served)
        late._lease = late._lease.ended(datetime.now(UTC) - timedelta(minutes=2))  # it slept
        with (
            stage_lease(site.ledger, served.name, "dev", "second"),
            pytest.raises(StageLost, match="was taken by another run"),
        ):
            platform.retag(late, group.name, {EXPIRES_AT: "2020-01-01T00:00:00Z"})
    assert at_dev(served).tags == group.tags


def test_what_is_broken_keeps_no_other_gate_from_closing_and_nothing_from_its_end(
    site, tiny: Tiny, served: Served
) -> None:
    served.serve(until="dev")
    group = at_dev(served)
    overdue = {**group.tags, EXPIRES_AT: "2020-01-01T00:00:00Z"}
    tag_group(served.platform("dev").instances, group.name, overdue)
    text = (served.folder / "workload.yaml").read_text()
    broken = served.folder.parent / "aaa_broken"
    broken.mkdir()
    (broken / "workload.yaml").write_text("stages: 7")
    lost = Served("aab_lost", served.folder.parent / "aab_lost", ("A1",))
    lost.declare()
    file = lost.folder / "workload.yaml"
    file.write_text(text.replace(served.name, "aab_lost").replace("instances: dev", "instances: nowhere"))
    changed = tiny.candidates()

    @flow
    def asked() -> str:
        made = begin(site.ledger, changed, "linus")
        then = datetime.now(UTC) - timedelta(hours=25)
        request = ApprovalRequest.of(
            made, declared_workload(tiny.name).stage("registry"), "sha256:" + "0" * 64, then, ""
        )
        record(site.ledger, tiny.name, made.name, Kind.ASKED, request.model_dump(mode="json"))
        record(site.ledger, tiny.name, "20990101.1", Kind.REQUESTED, {"release": {"no": "manifest"}})
        return made.name

    name = asked()
    with pytest.raises(Terminal) as refused:
        expire(dry_run=False)
    said = str(refused.value)
    assert "aaa_broken: " in said
    assert "stage dev of aab_lost: " in said
    assert f"release 20990101.1 of {tiny.name}: " in said
    assert f"closed the gate of {tiny.name} {name}" in said
    ended = shown_ending(read_facts(site.ledger, tiny.name, name))
    assert ended is not None
    assert ended.outcome is Outcome.EXPIRED
    assert f"announced {group.name}" in said
    assert ANNOUNCED_AT in at_dev(served).tags
