"""Candidate and champion score the same input on the emulator; how it is judged, kept and shown: test_replay_rules.py."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from replayed import ReplayOutcome
from tiny import Tiny, endpoints_in, naming_of

from blocks.workspace import Workspace
from deployments.laptop.data import DATA
from domain.candidate.changed_circuits import ChangedCircuits
from domain.declaration.load import load_workload
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Compute, Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.naming import deployment_name
from domain.release.manifest import Release
from domain.tags import model_tags
from domain.unit import Unit
from domain.verification.replay import Replay, ReplayResult
from flows.fan_out.each import FAN_OUT
from flows.rollout.replay import replay_stage
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.datastore_files import upload_file
from tasks.azure_ml.models import publish_model, register_model
from tasks.ledger.facts import read_facts
from tasks.ledger.kept_reports import kept_report, replay_page
from tasks.retries import is_transient
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.platform import DeploymentRequest
from tasks.verification.replay import replay
from tasks.verification.scored_rows import MOST_REASON
from workloads.plants.code.circuit_power.train import train
from workloads.plants.data import TEST_UNTIL, cut_test_inputs

STORE = "azureml://datastores/workspaceblobstore/paths"
SCORE = """
import csv
def init():
    pass
def run(files):
    return [f"{row['name']} {answer(row, float(row['value']))}" for file in files for row in csv.DictReader(open(file))]
"""
SAME = "def answer(row, value): return value"
ROWS = [f"r{number},{number}" for number in range(101)]
"""The champion's spread over them is 90."""
NASTY = "<script>alert(1)</script>"


def shifted(amount: float) -> str:
    return f"def answer(row, value): return value + {amount}"


@dataclass
class Fleet:
    """Two circuits of the test workspace, each with a model, that serve what a test gives them."""

    site: Any
    tiny: Tiny
    made: ChangedCircuits
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def workspace(self) -> Workspace:
        found: Workspace = self.site.test
        return found

    @property
    def names(self) -> list[str]:
        return [str(unit) for unit in self.tiny.units()]

    def deployed(self, answer: str | Mapping[str, str]) -> tuple[Release, dict[str, DeploymentRequest]]:
        """A new release, deployed to every circuit and not switched. answer: of all circuits, or of each."""
        release = Release.of(self.made, f"20260102.{next(self.numbers)}", datetime.now(UTC), "linus")
        requests = {}
        for unit in release.units:
            name = str(unit.unit)
            self.tiny.declare(score=SCORE + (answer if isinstance(answer, str) else answer[name]))
            workload = load_workload(self.tiny.folder / "workload.yaml")
            requests[name] = DeploymentRequest(
                endpoint=naming_of(self.workspace).endpoint(unit.unit),
                name=deployment_name(release.name),
                model=f"azureml://registries/{self.site.registry.registry_name}/models/{unit.model_name}/versions/{unit.model_version}",
                digest=unit.model_digest,
                tags={},
                endpoint_tags={},
            )
            BatchEndpoints(workload, self.workspace, _target(workload)).deploy(requests[name])
        return release, requests

    def serve(self, requests: Mapping[str, DeploymentRequest]) -> None:
        """Make deployments the defaults, as Azure's SDK does it."""
        client = self.workspace.get_client()
        for request in requests.values():
            endpoint = client.batch_endpoints.get(request.endpoint)
            endpoint.defaults.deployment_name = request.name
            client.batch_endpoints.begin_create_or_update(endpoint).result()

    def stage(self, **given: Any) -> Stage:
        """The stage with this workload's replay; any key of it can be given."""
        declared = {
            "data": f"{STORE}/replay/{{plant}}/{{circuit}}/",
            "columns": ["name", "value"],
            "prediction": "value",
            "rows_at_least": 50,
            "timeout_minutes": 1,
            "limits": {
                "mean_shift": {"pass": 0.05, "fail": 0.5},
                "p95_shift": {"pass": 0.05, "fail": 0.5},
                "moved": {"by": 0.2, "pass": 0.0, "fail": 0.5},
            },
        }
        stage = load_workload(self.tiny.folder / "workload.yaml").stage("test")
        return stage.model_copy(update={"replay": Replay.model_validate(declared | given)})

    def put(self, path: str, lines: list[str], circuit: str = "A1") -> None:
        """A file in the store. path: below the plant's and the circuit's folder of `replay` or `golden`."""
        top, _, rest = path.partition("/")
        file = self.tiny.folder / "put.csv"
        file.write_text("".join(f"{line}\n" for line in lines))
        upload_file(self.workspace, file, f"{STORE}/{top}/{self.tiny.plant}/{circuit}/{rest}")

    def replay(self, release: Release, requests: dict[str, DeploymentRequest], stage: Stage) -> ReplayOutcome:
        """Within a flow run, as a release does it."""

        @flow(name="replaying", task_runner=FAN_OUT, validate_parameters=False)
        def replaying() -> dict[str, str]:
            return replay_stage(self.site.ledger, endpoints_in(self.workspace), release, stage, requests)

        return ReplayOutcome.of(replaying(), self.facts(release))

    def facts(self, release: Release) -> tuple[Fact, ...]:
        return facts_of(read_facts(self.site.ledger, release.workload, release.name), Kind.REPLAYED, "test")

    def page(self, release: Release, outcome: ReplayOutcome) -> str:
        return kept_report(self.site.ledger, release.workload, release.name, replay_page("test"), outcome.report)


def _target(workload: Workload) -> BatchEndpointTarget:
    target = workload.stage("test").target
    assert isinstance(target, BatchEndpointTarget)
    return target


@pytest.fixture(scope="module")
def fleet(site, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Nothing serves yet; the recent input is there."""
    tiny = Tiny(f"replayed{worker}", tmp_path_factory.mktemp("replaying") / "replayed")
    tiny.declare()
    made = tiny.candidates()
    for unit in made.circuits:
        tags = model_tags(tiny.name, unit.unit, unit.cutoff_date, "dev", datetime.now(UTC), "20260102.1", "build")
        publish_model.fn(site.dev, site.registry, unit, tags)
    found = Fleet(site, tiny, made)
    target = _target(load_workload(tiny.folder / "workload.yaml"))
    ensure_compute.fn(site.test, Compute(name=target.compute, size=target.vm_size, max_instances=4), "tests")
    for circuit in tiny.circuits:
        found.put("replay/input.csv", ["name,value", *ROWS], circuit)
    return found


@pytest.fixture(scope="module")
def first(fleet: Fleet) -> tuple[Release, ReplayOutcome]:
    """The first release: nothing serves before it. After it the champion gives every row's own value."""
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage())
    fleet.serve(requests)
    return release, outcome


def text_of(page: str) -> str:
    """What is read on the page, plots and style left out."""
    bare = re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def artifact_of(key: str) -> list[dict[str, Any]]:
    """The rows of the newest table artifact with a key."""
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/latest/filter", json={"artifacts": {"key": {"any_": [key]}}}).json()
    rows: list[dict[str, Any]] = json.loads(found[0]["data"])
    return rows


def test_the_same_model_twice_passes_with_no_shift_and_is_replayed_once(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed(SAME)
    outcome = fleet.replay(release, requests, fleet.stage())
    assert outcome == ReplayOutcome(ReplayResult.PASSED, outcome.report, {}, {})
    fact = fleet.facts(release)[0]
    assert fact.body["verdict"] == "PASSED"
    assert fact.body["report"] == outcome.report
    champion = deployment_name(first[0].name)
    numbers = {"rows": 101, "mean_shift": 0.0, "p95_shift": 0.0, "moved_share": 0.0}
    assert fact.body["units"] == {name: {"verdict": "PASSED", "champion": champion, **numbers} for name in fleet.names}

    before = _jobs(fleet, requests)
    assert fleet.replay(release, requests, fleet.stage()) == outcome
    assert _jobs(fleet, requests) == before
    assert fleet.facts(release) == (fact,)

    page = fleet.page(release, outcome)
    assert page.count("<svg") == 2
    assert f"{fleet.names[0]} PASSED {champion} 101 0 0 0 0 90 0.00 % none" in text_of(page)


def _jobs(fleet: Fleet, requests: Mapping[str, DeploymentRequest]) -> set[str]:
    client = fleet.workspace.get_client()
    return {str(job.name) for one in requests.values() for job in client.batch_endpoints.list_jobs(one.endpoint)}


def test_another_model_fails_and_everything_about_it_can_be_read(fleet: Fleet, first) -> None:
    one, other = fleet.names
    release, requests = fleet.deployed({one: shifted(90), other: SAME})
    outcome = fleet.replay(release, requests, fleet.stage())
    assert (outcome.verdict, set(outcome.failures), outcome.doubts) == (ReplayResult.FAILED, {one}, {})
    assert (
        "Mean shift: 90 is 1 of the champion's spread 90; passes up to 0.05, fails above 0.5" in outcome.failures[one]
    )
    units = fleet.facts(release)[0].body["units"]
    assert units[one]["reasons"] == outcome.failures[one]
    assert (units[one]["mean_shift"], units[one]["moved_share"]) == (1.0, 1.0)
    assert "reasons" not in units[other]
    rows = artifact_of("replay-test")
    assert [(row["circuit"], row["verdict"], row["detail"]) for row in rows[:3]] == [
        ("all", "FAILED", "1 of 2 circuits"),
        ("all", "INCONCLUSIVE", "0 of 2 circuits"),
        ("all", "PASSED", "1 of 2 circuits"),
    ]
    assert [(row["circuit"], row["verdict"]) for row in rows[3:]] == [(one, "FAILED")]
    page = fleet.page(release, outcome)
    text = text_of(page)
    assert f"FAILED: release {release.name} of {fleet.tiny.name} at test" in text
    assert "absolute mean shift, in spreads 0.05 0.5" in text
    assert text.index(f"{one} FAILED") < text.index(f"{other} PASSED")
    assert page.index(f"{one}: candidate against champion") < page.index(f"{other}: candidate against champion")


def test_a_candidate_whose_job_fails_fails_with_its_reason(fleet: Fleet, first) -> None:
    one, other = fleet.names
    release, requests = fleet.deployed({one: "def answer(row, value): raise ValueError('no such column')", other: SAME})
    outcome = fleet.replay(release, requests, fleet.stage())
    assert outcome.verdict is ReplayResult.FAILED
    assert "ended Failed" in outcome.failures[one]
    assert len(outcome.failures[one]) <= MOST_REASON
    assert fleet.page(release, outcome).count("<svg") == 1


def test_a_job_that_takes_too_long_is_cancelled_and_fails(fleet: Fleet, first) -> None:
    release, requests = fleet.deployed("import time\ndef answer(row, value): time.sleep(60)")
    outcome = fleet.replay(release, requests, fleet.stage(timeout_minutes=0.01))
    assert outcome.verdict is ReplayResult.FAILED
    assert "TimedOut" in outcome.failures[fleet.names[0]]


def golden(fleet: Fleet, tolerance: float = 0.5) -> dict[str, Any]:
    """Golden answers of the first circuit only."""
    return {
        "data": f"{STORE}/golden/{{plant}}/{{circuit}}/input/",
        "expected": f"{STORE}/golden/{{plant}}/{{circuit}}/expected.csv",
        "tolerance": {fleet.names[0]: tolerance},
    }


def test_a_wrong_golden_answer_fails_also_where_nothing_shifted(fleet: Fleet, first) -> None:
    fleet.put("golden/input/input.csv", ["name,value", "a,1", "b,2"])
    fleet.put("golden/expected.csv", ["note,value,name", "one,1.4,a", "two,1.6,b"])
    release, requests = fleet.deployed(SAME)
    good = fleet.replay(release, requests, fleet.stage(golden=golden(fleet)))
    assert good.verdict is ReplayResult.PASSED
    assert fleet.facts(release)[-1].body["units"][fleet.names[0]]["golden_misses"] == 0
    assert "0 of 2" in text_of(fleet.page(release, good))
    wrong = fleet.replay(release, requests, fleet.stage(golden=golden(fleet, tolerance=0.39)))
    assert (wrong.verdict, set(wrong.failures)) == (ReplayResult.FAILED, {fleet.names[0]})
    assert "2 missed, 2 expected: a: 1; expected 1.4 ± 0.39; b: 2; expected 1.6" in wrong.failures[fleet.names[0]]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"data": f"{STORE}/nowhere/{{circuit}}/"}, "A1 has no recent input to replay: .*/nowhere/A1/ in mlw-test is empty"),
        ({"golden": f"{STORE}/nowhere/{{circuit}}/"}, "there are no golden answers at .*/nowhere/A1/expected.csv"),
    ],
)  # fmt: skip
def test_missing_data_is_a_definite_no_that_is_not_written_down(
    given: dict[str, Any], why: str, fleet: Fleet, first
) -> None:
    if "golden" in given:
        place = given["golden"]
        given = {
            "golden": {"data": f"{place}in/", "expected": f"{place}expected.csv", "tolerance": {fleet.names[0]: 1}}
        }
    release, requests = fleet.deployed(SAME)
    stage = fleet.stage(**given)
    assert stage.replay is not None
    request, unit = requests[fleet.names[0]], fleet.tiny.units()[0]
    platform = endpoints_in(fleet.workspace)
    with pytest.raises(Terminal, match=why):
        replay.fn(platform, fleet.workspace, stage.replay, unit, request.endpoint, request.name, "deployment-of-before")
    outcome = fleet.replay(release, requests, stage)
    assert outcome.verdict is ReplayResult.FAILED
    assert re.search(why, outcome.failures[fleet.names[0]])
    assert outcome.report == ""
    assert fleet.facts(release) == ()


def test_what_the_plants_declare_fits_what_their_deployments_write(site, tmp_path: Path) -> None:
    declared = site.workload.stage("production").replay
    assert declared is not None
    unit = Unit(plant="REALROWS", circuit="R80711")  # a plant of its own: other tests release the real one
    [file] = cut_test_inputs(DATA / "plants" / "scada.csv", [(unit.plant, unit.circuit)], TEST_UNTIL, tmp_path).values()
    upload_file(site.test, file, f"{declared.data_for(unit)}{file.name}")
    rows, endpoint = pd.read_csv(file), naming_of(site.test).endpoint(unit)
    target = _target(site.workload)
    ensure_compute.fn(site.test, Compute(name=target.compute, size=target.vm_size, max_instances=4), "tests")
    for iterations, deployment in ((60, "champion"), (80, "candidate")):
        folder = tmp_path / deployment
        train(rows, {"training_from": "2014-06-24", "training_to": "2014-06-30"}, folder, iterations)
        model = register_model(site.test, "realrows-r80711", folder, {})
        uri = f"azureml:{model.name}:{model.version}"
        request = DeploymentRequest(endpoint, deployment, uri, model.digest, {}, {})
        BatchEndpoints(site.workload, site.test, target).deploy(request)
        if deployment == "champion":
            default = site.test.get_client().batch_endpoints.get(endpoint)
            default.defaults.deployment_name = deployment
            site.test.get_client().batch_endpoints.begin_create_or_update(default).result()
    found = replay.fn(endpoints_in(site.test), site.test, declared, unit, endpoint, "candidate", "champion")
    shift = found.evidence.shift
    assert shift is not None, found.evidence
    assert (shift.rows, shift.lost, shift.extra, shift.unusable) == (1008, 0, 0, 0)
    assert shift.largest > 0
    assert declared.verdict(found.evidence).verdict is ReplayResult.PASSED
    assert len(found.points.champion) == 1008


def test_a_replay_is_tried_again() -> None:
    assert replay.retries == 4
    assert replay.retry_condition_fn is is_transient
