"""An approver with nothing but a browser and an authenticator: from the link to a run to production, in a real Chromium."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
import yaml
from deployed_release import DeployedRelease
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from run_page import browser
from tiny import Tiny, endpoints_in

from benchmarks.pretended_training import pretend_training
from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from deployments.approval.enrolment import enrol_code
from deployments.commands.up import ROOT
from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import Processes
from deployments.work_pool import create_work_pool
from domain.approval.proofs.one_time_code import STEP_SECONDS
from domain.ledger.fact import Kind, chain_faults, facts_of
from tasks.ledger.facts import read_facts, release_names
from tasks.notices import run_link
from tasks.targets.platform import model_of
from tasks.targets.serving import deployment_serving

NAME = "release/release"
LIMIT = 200  # the server's own
WHO = "iris"
POOL = "browser"
"""A pool of its own: its worker starts what this test starts, and nothing that other tests left."""


@pytest.fixture
def tiny(environment: str, tmp_path: Path) -> Tiny:
    """A workload with one gate, production's, and one approver, who has enrolled nothing yet."""
    made = Tiny("browsed", tmp_path / "workloads" / "browsed", approvers="browsers")
    made.declare()
    Approvers(members=[WHO]).save(made.approvers)
    declaration = made.folder / "workload.yaml"
    document = yaml.safe_load(declaration.read_text())
    del document["stages"][0]["gate"]
    declaration.write_text(yaml.safe_dump(document, sort_keys=False))
    made.give_test_data()
    pretend_training(loaded(Workspace, "dev"))
    return made


@pytest.fixture
def deployed(laptop: Laptop, tiny: Tiny, tmp_path: Path) -> Iterator[DeployedRelease]:
    """The release of prefect.yaml and a worker for it; without triggers, for other tests' events are none of its business."""
    document, file = yaml.safe_load((ROOT / "prefect.yaml").read_text()), tmp_path / "prefect.yaml"
    for one in document["deployments"]:
        one.pop("triggers", None)
    file.write_text(yaml.safe_dump(document))
    environment = laptop.full_environment() | {
        "SIGNALBOX_WORKLOADS": str(tiny.folder.parent),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    deploy = [*prefect, "deploy", "--name", "release", "--pool", POOL, "--prefect-file", str(file)]
    with Processes(tmp_path / "logs") as processes, get_client(sync_client=True) as client:
        create_work_pool(POOL)
        worker = processes.start("worker", [*prefect, "worker", "start", "--pool", POOL], environment)
        subprocess.run(deploy, cwd=ROOT, env=environment, check=True, stdin=subprocess.DEVNULL)
        try:
            yield DeployedRelease(NAME, worker)
        finally:  # a run that still waits would ask the approvers of every later test
            made = client.read_deployment_by_name(NAME).id
            ours = DeploymentFilter(id=DeploymentFilterId(any_=[made]))
            for run in client.read_flow_runs(deployment_filter=ours, limit=LIMIT):
                client.delete_flow_run(run.id)
            client.delete_deployment(made)
            client.delete_work_pool(POOL)


@pytest.fixture
def authenticator(tiny: Tiny) -> pyotp.TOTP:
    """The approver's telephone."""
    return pyotp.TOTP(enrol_code(WHO).get_secret_value())


def right_code(authenticator: pyotp.TOTP) -> str:
    """Of a clock that is half a minute early, as is allowed: a busy machine may take a minute to look at it."""
    return str(authenticator.generate_otp(int(time.time()) // STEP_SECONDS + 1))


def wrong_code(authenticator: pyotp.TOTP) -> str:
    """No code of this quarter of an hour."""
    now = int(time.time()) // STEP_SECONDS
    right = {authenticator.generate_otp(now + away) for away in range(-15, 15)}
    return next(code for code in map("{:06}".format, range(len(right) + 1)) if code not in right)


def password_kept_of(run: UUID, password: str) -> list[str]:
    """What the server tells of a run that names the password, with which its process asked it all the time."""
    logged = {"logs": {"flow_run_id": {"any_": [str(run)]}}, "limit": LIMIT}
    with get_client(sync_client=True) as client:
        deployment = client.read_flow_run(run).deployment_id
        told = {
            "run": client.request("GET", f"/flow_runs/{run}").text,
            "deployment": client.request("GET", f"/deployments/{deployment}").text,
            "logs": client.request("POST", "/logs/filter", json=logged).text,
        }
    assert told["logs"] != "[]"
    return [what for what, text in told.items() if password.partition(":")[2] in text]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(900)  # five processes import Prefect, one after another
def test_an_approver_decides_in_the_browser(
    laptop: Laptop, tiny: Tiny, deployed: DeployedRelease, authenticator: pyotp.TOTP, tmp_path: Path
) -> None:
    ledger, production, changed = loaded(Ledger, "ledger"), loaded(Workspace, "production"), tiny.candidates()
    run = deployed.start(workload=tiny.name, changed_circuits=changed.build_id, requested_by="linus")
    link, pictures = run_link(str(run)), tmp_path / "pictures"
    first = deployed.form(run)
    name = release_names(ledger, tiny.name)[0]
    asked = read_facts(ledger, tiny.name, name)

    with browser(pictures) as page:
        page.sign_in(laptop.ui_url, laptop.password.get_secret_value())
        page.open(link)
        page.ask()
        page.close()
        page.open(link)
        assert page.sent == 0
        assert read_facts(ledger, tiny.name, name) == asked  # whoever only opens the link decides nothing
        assert deployed.form(run).key == first.key
        page.ask()
        shown, compared, checks = page.evidence, page.table(0), page.table(1)
        page.fill(decision="approve", approver=WHO, proof=wrong_code(authenticator), comment="looks good")
        page.submit()
        assert len(page.decided) == 1
    assert f"Production-Approval: release {name} of browsed to production" in shown
    assert asked[0].body["digest"] in shown
    for row, circuit in zip(compared, changed.circuits, strict=True):
        assert {str(circuit.unit), f"nothing → version {circuit.model_version}", "first version"} <= set(row)
    assert {check[2] for check in checks} == {"passed"}
    assert "Check that the previous deployment of each circuit is known" in shown

    deployed.form(run, besides=first.key)
    assert deployment_serving(endpoints_in(production), tiny.units()[0]) is None
    with browser(pictures) as page:
        page.sign_in(laptop.ui_url, laptop.password.get_secret_value())
        page.open(link)
        page.ask()
        shown = page.evidence
        page.fill(decision="approve", approver=WHO, proof=right_code(authenticator), comment="looks good")
        page.submit()
    assert shown.startswith(f"Not accepted: the code is not {WHO}'s, or it is more than 2.5 minutes old")
    assert asked[0].body["digest"] in shown

    assert deployed.end(run).name == "Succeeded"
    assert password_kept_of(run, laptop.password.get_secret_value()) == []
    for circuit in changed.circuits:
        serving = deployment_serving(endpoints_in(production), circuit.unit)
        assert serving is not None
        assert model_of(serving) == (circuit.model_name, circuit.model_version)
    facts = read_facts(ledger, tiny.name, name)
    assert chain_faults(facts) == ()
    assert [fact.body["approver"] for fact in facts_of(facts, Kind.REFUSED)] == [WHO]
    (decided,) = facts_of(facts, Kind.DECIDED)
    assert decided.body["statement"]["comment"] == "looks good"
    assert decided.body["proof"]["kind"] == "one_time_code"
    assert [fact.stage for fact in facts_of(facts, Kind.SWITCHED)] == ["test", "production"]
