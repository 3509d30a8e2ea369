"""Manifests on a real cluster: applied, upgraded, broken on purpose and rolled back, each asked over HTTP."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from applied import Applied
from page_manifest import MANIFEST
from prefect.states import State
from real_cluster import (
    KUBECONFIG,
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
from domain.errors import InvalidDeclaration, Terminal
from domain.naming import deployment_name
from domain.parsing.kubernetes_manifest import MANAGED_BY, RELEASE
from flows.release import release
from flows.rollback import rollback
from tasks import workloads
from tasks.ledger.facts import release_names
from tasks.ledger.lease import stage_lease
from tasks.targets.kubernetes import cluster_target

pytestmark = [*needs_cluster, pytest.mark.usefixtures("site")]


@pytest.fixture(scope="module")
def namespace(site) -> Iterator[str]:
    """A namespace, and a block of its name that means it."""
    with own_namespace("flask-manifests") as name:
        save_cluster(name, namespace=name)
        yield name


@pytest.fixture
def applied(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespace: str) -> Applied:
    """A workload of its own for each test, declared well."""
    name = f"applied{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made = Applied(name, tmp_path / name, ("A1",), cluster=namespace)
    made.declare()
    return made


def run(applied: Applied, changed: ChangedCircuits | None = None) -> "State[str]":
    return release(applied.name, (changed or applied.candidates()).build_id, "linus", return_state=True)


def succeed(state: "State[str]") -> None:
    assert state.name == "Succeeded", state.message


def test_a_release_is_applied_upgraded_and_rolled_back_with_the_manifest_of_that_time(site, applied: Applied) -> None:
    changed = applied.candidates()
    succeed(run(applied, changed))
    first = release_names(site.ledger, applied.name)[0]
    answered = applied.ask_production()
    assert answered["version"] == changed.circuits[0].model_version
    live = applied.live()
    [container] = live["spec"]["template"]["spec"]["containers"]
    assert "@sha256:" in container["image"]
    assert {"name": "GREETING", "value": "hello"} in container["env"]
    assert live["metadata"]["annotations"]["signalbox/release_id"] == first
    assert live["spec"]["template"]["metadata"]["labels"][RELEASE] == first

    succeed(run(applied, changed))  # typed twice: nothing to do
    assert applied.live()["metadata"]["generation"] == live["metadata"]["generation"]
    assert applied.ask_production()["pid"] == answered["pid"]

    applied.declare(manifest=MANIFEST.replace("value: hello", "value: good morning"))
    succeed(run(applied))
    second = release_names(site.ledger, applied.name)[0]
    assert applied.ask_production()["text"] != answered["text"]  # although the pod of before may still be ending
    notes = applied.live()["metadata"]["annotations"]
    assert (notes["signalbox/release_id"], notes["signalbox/previous_deployment"]) == (second, deployment_name(first))

    rollback(applied.name, "production", reason="odd", dry_run=False)
    assert applied.ask_production()["text"] == answered["text"]
    back = applied.live()
    assert back["spec"]["template"] == live["spec"]["template"]
    assert int(back["metadata"]["annotations"]["signalbox/switch_fence"]) > int(notes["signalbox/switch_fence"])
    assert rollback(applied.name, "production", reason="odd", dry_run=False) == []
    assert all(one.healthy for one in applied.manifests().diagnose(None, {}))  # type: ignore[arg-type]  # of no stage's

    succeed(run(applied))
    assert applied.live()["metadata"]["annotations"]["signalbox/previous_deployment"] == deployment_name(first)


@pytest.mark.long
def test_what_never_gets_ready_is_rolled_back_by_itself_and_says_why(applied: Applied) -> None:
    applied.declare(app=SICK)
    assert run(applied).name == "Rolled_back"
    assert applied.live() is None
    assert applied.live("service") is None
    applied.declare()
    applied.serve()
    before = applied.ask_production()["text"]
    applied.declare(app=SICK)
    state = run(applied)
    assert state.name == "Rolled_back"
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in (state.message or "")
    assert applied.ask_production()["text"] == before


def test_a_manifest_that_breaks_what_ran_well_is_rolled_back_too(applied: Applied) -> None:
    applied.serve()
    before = applied.ask_production()
    applied.declare(manifest=MANIFEST.replace("path: /ready, port: 8080", "path: /ready, port: 8081"))
    state = run(applied)
    assert state.name == "Rolled_back"
    assert ":8081/ready" in (state.message or "")
    assert applied.ask_production() == before  # the same process: it served all the while
    probe = applied.live()["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    assert probe["httpGet"]["port"] == 8080


def test_an_image_that_cannot_be_pulled_is_said(applied: Applied) -> None:
    namespace, applied.cluster = applied.block.namespace, f"{applied.cluster}-nowhere"
    save_cluster(applied.cluster, namespace=namespace, image_registry="127.0.0.1:1")
    applied.declare()
    state = run(applied)
    assert state.name == "Rolled_back"
    assert "ErrImagePull" in (state.message or "") or "ImagePullBackOff" in (state.message or "")
    assert applied.live() is None


def test_a_manifest_that_is_not_valid_is_refused_before_anything_starts(site, applied: Applied) -> None:
    changed = applied.candidates()
    applied.declare(
        manifest=MANIFEST.replace("replicas: 1", "replicas: one").replace("app: page}\n  ports", "app: x}\n  ports")
    )
    with pytest.raises(InvalidDeclaration, match=r"deployment\.yaml:35: spec\.selector: must select"):
        release(applied.name, changed.build_id, "linus")
    applied.declare(manifest=MANIFEST.replace("replicas: 1", "replicas: one"))
    with pytest.raises(InvalidDeclaration, match=r"deployment\.yaml:7: spec\.replicas: 'one' is not of type 'integer'"):
        release(applied.name, changed.build_id, "linus")
    assert release_names(site.ledger, applied.name) == ()
    assert applied_nothing(applied)


def applied_nothing(applied: Applied) -> bool:
    """Whether no Deployment of it is there; read without its manifest, which is not valid."""
    name = f"app-{applied.plant}-a1".lower()
    told = kubectl_as_admin("-n", applied.block.namespace, "get", "deployments", "--output=name")
    return f"deployment.apps/{name}" not in told.split()


def test_what_the_cluster_alone_refuses_is_said_before_anything_is_touched(applied: Applied) -> None:
    applied.serve()
    generation = applied.live()["metadata"]["generation"]
    applied.declare(manifest=MANIFEST.replace("periodSeconds: 1", "periodSeconds: 1\n            timeoutSeconds: -1"))
    state = run(applied)
    assert state.name == "Failed"
    assert "refused a dry run of the manifest" in (state.message or "")
    assert applied.live()["metadata"]["generation"] == generation


def test_a_cluster_that_cannot_be_reached_or_gives_no_rights_is_said_before_anything_starts(
    applied: Applied, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, namespace: str
) -> None:
    use(unreachable(tmp_path / "gone"), monkeypatch)
    with pytest.raises(Terminal, match=r"the release cannot start:\n.*could not be reached while listing Deployments"):
        run(applied).result()
    use(of_service_account(tmp_path / "theirs", namespace), monkeypatch)
    with pytest.raises(
        Terminal, match=r"the release cannot start:\n.*deployments.apps is forbidden.*Ask its administrators"
    ):
        run(applied).result()
    grant = ("--verb=get,list", "--resource=deployments.apps")
    kubectl_as_admin("-n", namespace, "create", "role", "onlooker", *grant)
    who = f"--serviceaccount={namespace}:restricted"
    kubectl_as_admin("-n", namespace, "create", "rolebinding", "onlooker", "--role=onlooker", who)
    with pytest.raises(
        Terminal, match=r"cannot start:\n.*we are not allowed to create deployments, patch deployments.*ask its"
    ):
        run(applied).result()


def use(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the cluster's credentials are these."""
    from tasks.targets.kubernetes import access

    monkeypatch.setattr(access, "_credentials", lambda block: kubeconfig.read_bytes())


def test_what_a_person_changed_is_said_never_overwritten_and_undone_by_the_line_that_is_told(
    applied: Applied, namespace: str
) -> None:
    applied.serve()
    name = applied.endpoint
    kubectl_as_admin("-n", namespace, "scale", f"deployment/{name}", "--replicas=2")
    kubectl_as_admin("-n", namespace, "set", "env", f"deployment/{name}", "GREETING=bonjour")
    state = run(applied)
    assert state.name == "Failed"
    assert "was changed by hand, and that would be lost" in (state.message or "")
    assert "replicas: 2" in (state.message or "")
    assert "value: bonjour" in (state.message or "")
    [finding] = [one for one in applied.manifests().diagnose(None, {}) if one.what == f"manifest of {name}"]  # type: ignore[arg-type]
    undo = finding.advice.split("`")[1].replace("kubectl", f"kubectl --kubeconfig={KUBECONFIG} --namespace={namespace}")
    subprocess.run(undo, shell=True, check=True, capture_output=True)  # noqa: S602  # as a person types it
    assert applied.live()["spec"]["replicas"] == 1
    copy = kubectl_as_admin("-n", namespace, "get", f"deployment/{name}", "-o", "yaml")
    kubectl_as_admin("-n", namespace, "apply", "-f", "-", stdin=copy.replace("value: hello", "value: bonjour"))
    state = run(applied)
    assert state.name == "Failed"
    assert "somebody applied another Deployment with kubectl since then. Nothing was touched" in (state.message or "")
    give_up = (state.message or "").split("`")[1].split()
    kubectl_as_admin("-n", namespace, *give_up[1:])
    kubectl_as_admin("-n", namespace, "delete", f"service/{name}")  # nothing of anybody's: it is made again
    succeed(run(applied))
    assert applied.ask_production()


def test_a_rollback_that_is_not_up_is_not_done_however_often_it_is_asked_for(
    site, applied: Applied, monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    monkeypatch.setattr(cluster_target, "BACK_SECONDS", 3)
    applied.declare(
        manifest=MANIFEST.replace("replicas: 1", "replicas: 1\n  revisionHistoryLimit: 0")
    )  # no template is kept
    applied.serve()
    applied.serve()
    second, first = (deployment_name(one) for one in release_names(site.ledger, applied.name)[:2])
    assert applied.manifests().serving(applied.endpoint) == second
    with stage_lease(site.ledger, applied.name, "production", "20200101.1") as held:
        with no_more(namespace, "pods"):
            for _ in range(2):
                with pytest.raises(
                    Terminal, match=rf"was rolled back to {first}, which ran before but does not run now"
                ):
                    applied.manifests().switch(held, applied.endpoint, first)
            assert applied.live()["metadata"]["annotations"]["signalbox/taken_back_from"] == second
        monkeypatch.setattr(cluster_target, "BACK_SECONDS", 60)
        applied.manifests().switch(held, applied.endpoint, first)
    assert applied.ask_production()


def test_a_fencing_token_that_a_person_edited_is_said(site, applied: Applied, namespace: str) -> None:
    applied.serve()
    note = "signalbox/switch_fence=mine"
    kubectl_as_admin("-n", namespace, "annotate", "--overwrite", f"deployment/{applied.endpoint}", note)
    with (
        stage_lease(site.ledger, applied.name, "production", "20200101.1") as held,
        pytest.raises(
            Terminal, match=rf"annotation signalbox/switch_fence of deployment/{applied.endpoint} .* is 'mine'"
        ),
    ):
        applied.manifests().switch(held, applied.endpoint, None)
    assert applied.live() is not None


def test_what_no_release_made_is_never_touched(applied: Applied, namespace: str) -> None:
    name = applied.endpoint
    kubectl_as_admin("-n", namespace, "create", "service", "clusterip", name, "--tcp=80:8080")
    state = run(applied)
    assert state.name == "Failed"
    assert f"there is a Service {name}" in (state.message or "")
    assert MANAGED_BY not in applied.live("service")["metadata"]["labels"]
    assert applied.live() is None
