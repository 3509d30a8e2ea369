"""Helm releases on a real cluster: installed, upgraded, broken on purpose and rolled back, each asked over HTTP."""

import base64
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from charted import CHART, Charted
from prefect.states import State
from real_cluster import (
    kubectl_as_admin,
    needs_cluster,
    no_more,
    of_service_account,
    own_namespace,
    save_cluster,
    unreachable,
)
from served import SICK

from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import SignalboxError, StageLost, Terminal
from domain.naming import deployment_name
from flows.release import release
from flows.rollback import rollback
from tasks import workloads
from tasks.ledger.facts import release_names
from tasks.ledger.lease import stage_lease
from tasks.targets.helm.client import PROGRAM, ReleaseRequest, Revision, install, roll_back
from tasks.targets.helm.history import FENCE, REVISION, secret_of
from tasks.targets.helm.target import HelmReleases
from tasks.targets.kubernetes import cluster_target
from tasks.targets.kubernetes.access import ChangedByHandError, access
from tasks.targets.kubernetes.kubectl import kubectl, kubectl_json

pytestmark = [*needs_cluster, pytest.mark.usefixtures("site")]


@pytest.fixture(scope="module")
def namespace(site) -> Iterator[str]:
    """A namespace, and a block of its name that means it."""
    with own_namespace("helm-releases") as name:
        save_cluster(name, namespace=name)
        yield name


@pytest.fixture
def charted(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespace: str) -> Charted:
    """A workload of its own for each test, declared well."""
    name = f"charted{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made = Charted(name, tmp_path / name, ("A1",), cluster=namespace)
    made.declare()
    return made


def run(charted: Charted, changed: ChangedCircuits | None = None) -> "State[str]":
    return release(charted.name, (changed or charted.candidates()).build_id, "linus", return_state=True)


def succeed(state: "State[str]") -> None:
    assert state.name == "Succeeded", state.message


def test_a_release_is_installed_upgraded_rolled_back_and_keeps_its_history(site, charted: Charted) -> None:
    changed = charted.candidates()
    succeed(run(charted, changed))
    first = release_names(site.ledger, charted.name)[0]
    answered = charted.ask_production()
    assert answered["version"] == changed.circuits[0].model_version
    [revision] = charted.history()
    assert revision.values["signalbox"]["release_id"] == first
    assert "@sha256:" in charted.releases().find(charted.endpoint, deployment_name(first)).environment  # type: ignore[union-attr]

    succeed(run(charted, changed))  # typed twice: nothing to do
    assert len(charted.history()) == 1
    assert charted.ask_production()["text"] == answered["text"]

    succeed(run(charted))
    second = release_names(site.ledger, charted.name)[0]
    assert charted.ask_production()["text"] != answered["text"]
    tags = charted.history()[0].values["signalbox"]
    assert (tags["release_id"], tags["previous_deployment"]) == (second, deployment_name(first))

    rollback(charted.name, "production", reason="odd", dry_run=False)
    assert charted.ask_production()["text"] == answered["text"]
    history = charted.history()
    assert [one.number for one in history] == [3, 2, 1]
    assert history[0].description == "Rollback to 1"
    assert int(history[0].labels[FENCE]) > int(history[1].labels[FENCE])
    assert rollback(charted.name, "production", reason="odd", dry_run=False) == []
    assert len(charted.history()) == 3
    assert all(one.healthy for one in charted.releases().diagnose(None, {}))  # type: ignore[arg-type]  # of no stage's

    succeed(run(charted))
    assert charted.history()[0].values["signalbox"]["previous_deployment"] == deployment_name(first)


@pytest.mark.long
def test_what_never_gets_ready_is_rolled_back_by_itself_and_says_why(charted: Charted) -> None:
    charted.declare(app=SICK)
    assert run(charted).name == "Rolled_back"
    assert charted.history() == ()
    charted.declare()
    charted.serve()
    before = charted.ask_production()["text"]
    charted.declare(app=SICK)
    state = run(charted)
    assert state.name == "Rolled_back"
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in (state.message or "")
    assert charted.ask_production()["text"] == before
    charted.declare(app="raise SystemExit('no such model')")
    state = run(charted)
    assert state.name == "Rolled_back"
    assert "CrashLoopBackOff" in (state.message or "") or "ended with code 1" in (state.message or "")
    assert charted.ask_production()["text"] == before
    assert charted.history()[0].description == "Rollback to 3"  # itself a copy of 1


def test_an_image_that_cannot_be_pulled_is_said(charted: Charted, namespace: str) -> None:
    charted.cluster = f"{namespace}-nowhere"
    save_cluster(charted.cluster, namespace=namespace, image_registry="127.0.0.1:1")
    charted.declare()
    state = run(charted)
    assert state.name == "Rolled_back"
    assert "ErrImagePull" in (state.message or "") or "ImagePullBackOff" in (state.message or "")
    assert charted.history() == ()


def test_a_chart_that_does_not_render_touches_nothing(charted: Charted) -> None:
    charted.serve()
    charted.declare(chart={"templates/all.yaml": "{{ .Values.nothing.at.all }}"})
    state = run(charted)
    assert state.name == "Failed"
    assert "chart chart/ does not render, nothing was touched" in (state.message or "")
    charted.declare(chart={"values.schema.json": '{"properties": {"replicas": {"type": "string"}}}'})
    state = run(charted)
    assert state.name == "Failed"
    assert "got number, want string" in (state.message or "")
    assert len(charted.history()) == 1
    assert charted.ask_production()


def test_a_release_does_not_begin_where_the_cluster_cannot_be_reached(
    charted: Charted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = unreachable(tmp_path / "gone")
    assert _only_with(charted, gone, monkeypatch) == ()
    with pytest.raises(
        Terminal, match=r"the release cannot start:\n.*could not be reached while listing Helm releases"
    ):
        run(charted).result()


def test_a_namespace_without_rights_is_said_before_anything_starts(
    charted: Charted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, namespace: str
) -> None:
    theirs = of_service_account(tmp_path / "theirs", namespace)
    assert _only_with(charted, theirs, monkeypatch) == ()
    with pytest.raises(Terminal, match=r"the release cannot start:\n.*secrets is forbidden.*Ask its administrators"):
        run(charted).result()


def _only_with(charted: Charted, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """From here on the cluster's credentials are these; its history before that."""
    from tasks.targets.kubernetes import access

    before = charted.history()
    monkeypatch.setattr(access, "_credentials", lambda block: kubeconfig.read_bytes())
    return before


def test_what_a_person_changed_is_said_and_never_overwritten(charted: Charted, namespace: str) -> None:
    charted.serve()
    name = charted.endpoint
    kubectl_as_admin("-n", namespace, "scale", f"deployment/{name}", "--replicas=2")
    state = run(charted)
    assert state.name == "Failed"
    assert "was changed by hand, and that would be lost: apps.v1.Deployment" in (state.message or "")
    assert "has replicas: 2" in (state.message or "")
    [finding] = [one for one in _findings(charted.releases()) if one.what == f"Helm release {name}"]
    assert "replicas: 2" in finding.seen
    assert f"helm rollback {name} 1" in finding.advice
    kubectl_as_admin("-n", namespace, "scale", f"deployment/{name}", "--replicas=1")
    kubectl_as_admin("-n", namespace, "delete", f"service/{name}")  # nothing of anybody's: it is made again
    succeed(run(charted))
    assert charted.ask_production()


def test_a_person_s_own_revision_is_left_as_it_is_until_it_is_undone(charted: Charted, namespace: str) -> None:
    charted.serve()
    [ours] = charted.history()
    request = ReleaseRequest(
        charted.endpoint, charted.folder / "chart", {**ours.values, "replicas": 2}, ours.labels, "hot fix", 60, 10
    )
    with access(charted.block) as there:
        install(there, request, upgrade=True)
    state = run(charted)
    assert state.name == "Failed"
    assert "revision 2 was made by a person (hot fix" in (state.message or "")
    assert charted.history()[0].number == 2
    with access(charted.block) as there:
        roll_back(there, charted.endpoint, 1, 60)
    succeed(run(charted))
    assert charted.history()[0].number == 4


def test_a_later_holder_of_the_stage_is_not_undone(site, charted: Charted, namespace: str) -> None:
    charted.serve()
    secret = f"secret/sh.helm.release.v1.{charted.endpoint}.v1"
    kubectl_as_admin("-n", namespace, "label", "--overwrite", secret, f"{FENCE}={2**40}")
    lease = stage_lease(site.ledger, charted.name, "production", "20200101.1")
    with lease as held, pytest.raises(StageLost, match="by a later holder"):
        charted.releases().switch(held, charted.endpoint, None)
    assert len(charted.history()) == 1


def test_what_died_on_the_way_is_gone_on_with(charted: Charted) -> None:
    charted.serve()
    [ours] = charted.history()
    charted.declare(chart={"templates/hook.yaml": HOOK})
    with access(charted.block) as there:
        request = {
            "verb": "upgrade",
            "words": [str(charted.folder / "chart"), charted.endpoint, dict(ours.values)],
            "options": {"labels": {**ours.labels, REVISION: "2"}},
            "kubeconfig": str(there.kubeconfig),
            "namespace": there.namespace,
        }
        with subprocess.Popen([sys.executable, "-P", str(PROGRAM)], stdin=subprocess.PIPE, text=True) as dying:
            assert dying.stdin is not None
            dying.stdin.write(json.dumps(request))
            dying.stdin.close()
            until = time.monotonic() + 30
            while not charted.history()[0].pending:
                assert time.monotonic() < until
            dying.kill()
    charted.declare(chart={"templates/hook.yaml": ""})
    succeed(run(charted))
    assert [one.status for one in charted.history()][:2] == ["deployed", "superseded"]
    assert charted.ask_production()


def write_status(charted: Charted, statuses: dict[int, str]) -> None:
    """Of revisions, as a Helm that was killed between two writes leaves them."""
    with access(charted.block) as there:
        for number, status in statuses.items():
            name = secret_of(charted.endpoint, number)
            secret = kubectl_json(there, "get", name)
            packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
            revision = json.loads(gzip.decompress(packed))
            revision["info"]["status"] = status
            packed = base64.b64encode(gzip.compress(json.dumps(revision).encode()))
            secret["data"]["release"] = base64.b64encode(packed).decode()
            secret["metadata"]["labels"]["status"] = status
            kubectl(there, "replace", "--filename=-", stdin=json.dumps(secret))


@pytest.mark.parametrize("dying", ["pending-upgrade", "pending-rollback"])
def test_what_died_between_helm_s_two_writes_is_gone_on_with_and_never_uninstalled(
    charted: Charted, dying: str
) -> None:
    charted.serve()
    charted.serve()
    if dying == "pending-rollback":
        rollback(charted.name, "production", reason="odd", dry_run=False)
    number = charted.history()[0].number
    write_status(charted, {number: dying, number - 1: "superseded"})
    before = charted.live()["metadata"]["uid"]
    assert [one.status for one in charted.history()][:2] == [dying, "superseded"]
    succeed(run(charted))
    assert [one.number for one in charted.history()][-1] == 1
    assert charted.live()["metadata"]["uid"] == before  # the same object all the while
    assert charted.ask_production()


def test_a_rollback_that_fails_at_the_wrong_moment_can_be_run_again(charted: Charted, namespace: str) -> None:
    charted.serve()
    charted.serve()
    name, before = charted.endpoint, charted.live()["metadata"]["uid"]
    with access(charted.block) as there, no_more(namespace, "services"):
        # what nobody refuses: Helm itself fails after it began
        kubectl_as_admin("-n", namespace, "delete", f"service/{name}")
        for _ in range(2):
            with pytest.raises(SignalboxError, match="quota"):
                roll_back(there, name, 1, 60)
    history = charted.history()
    assert [one.status for one in history] == ["failed", "superseded", "superseded", "superseded"]
    assert charted.releases().serving(name) == _deployment(history[2])
    rollback(charted.name, "production", reason="odd", dry_run=False)
    assert charted.releases().serving(name) == _deployment(history[3])
    assert [one.number for one in charted.history()] == [5, 4, 3, 2, 1]
    assert charted.live()["metadata"]["uid"] == before
    assert charted.ask_production()


def test_a_rollback_over_what_somebody_set_since_touches_nothing(site, charted: Charted, namespace: str) -> None:
    charted.serve()
    unset = CHART["templates/all.yaml"].replace("  replicas: {{ .Values.replicas }}\n", "")
    charted.declare(chart={"templates/all.yaml": unset})
    charted.serve()
    name = charted.endpoint
    kubectl_as_admin("-n", namespace, "patch", f"deployment/{name}", '--patch={"spec": {"replicas": 2}}')
    for _ in range(2):
        with (
            stage_lease(site.ledger, charted.name, "production", "20200101.1") as held,
            pytest.raises(
                ChangedByHandError,
                match=rf"cannot be rolled back to revision 1.*\.spec\.replicas.*`helm rollback {name} 1",
            ),
        ):
            charted.releases().switch(held, name, _deployment(charted.history()[1]))
    assert [one.status for one in charted.history()] == ["deployed", "superseded"]
    assert charted.live()["spec"]["replicas"] == 2


def test_a_rollback_that_is_not_up_is_not_done_however_often_it_is_asked_for(
    site, charted: Charted, monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    monkeypatch.setattr(cluster_target, "BACK_SECONDS", 3)
    charted.serve()
    charted.serve()
    first = _deployment(charted.history()[1])
    lease = stage_lease(site.ledger, charted.name, "production", "20200101.1")
    with lease as held:
        with no_more(namespace, "pods"):
            for _ in range(2):
                with pytest.raises(
                    Terminal, match=rf"was rolled back to {first}, which ran before but does not run now"
                ):
                    charted.releases().switch(held, charted.endpoint, first)
            assert len(charted.history()) == 3
            with access(charted.block) as there:
                number = charted.history()[0].number
                kubectl(there, "label", secret_of(charted.endpoint, number), f"{FENCE}-")  # killed before it was set
        monkeypatch.setattr(cluster_target, "BACK_SECONDS", 60)
        charted.releases().switch(held, charted.endpoint, first)
        assert int(charted.history()[0].labels[FENCE]) == held.fence
    assert charted.ask_production()


def _deployment(revision: Revision) -> str:
    return deployment_name(revision.values["signalbox"]["release_id"])


HOOK = """
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  restartPolicy: Never
  containers:
    - {name: hook, image: "python:3.11-slim", imagePullPolicy: IfNotPresent, command: [sleep, "600"]}
"""


def _findings(platform: HelmReleases):
    return list(platform.diagnose(None, {}))  # type: ignore[arg-type]  # of no stage's
