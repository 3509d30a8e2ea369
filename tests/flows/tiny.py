"""A workload of two circuits whose models are text files: releases of it take seconds and can be made to go wrong."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from begun import begin
from prefect import flow

from benchmarks.pretended_training import CUTOFF, DATA, DATA_ASSET, JOB, METRICS, REPORT, VERSION
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.approval.demo_approver import SigningApprover
from deployments.approval.form_client import Approver, FormAnswer, Pending
from domain.approval.statement import Choice
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits, changed_path
from domain.declaration.load import load_workload
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget, ModelRegistryTarget, ServingTarget
from domain.ledger.fact import Kind
from domain.naming import Naming, deployment_name
from domain.outcome import Outcome, ReleaseOutcome
from domain.release.manifest import Release
from domain.tags import RELEASE_ID, WORKLOAD, deployment_tags, model_tags
from domain.unit import Unit
from flows.promotion.advance import record_outcome
from tasks.azure_ml.datasets import find_data
from tasks.azure_ml.datastore_files import upload_file
from tasks.azure_ml.models import publish_model, register_model
from tasks.ledger.facts import keep_document, record
from tasks.ledger.lease import stage_lease
from tasks.platforms import platform_of
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.platform import DeploymentRequest
from tasks.workloads import declared_workload, known_workloads

TARGET = BatchEndpointTarget(kind="batch_endpoint", workspace="any", compute="batch-cluster", vm_size="Standard_DS3_v2")

GOOD = """
import os
def init():
    pass
def run(files):
    return [f"row {n}.5" for n in range(len(files))]
"""
WARY = """
from pathlib import Path
def init():
    pass
def run(files):
    if any("poison" in Path(file).read_text() for file in files):
        raise ValueError("poison")
    return [f"row {n}.5" for n in range(len(files))]
"""
"""Scores as `GOOD` does, but for input that says poison."""
CONFIRMED = {
    "confirmation": {
        "smoke": {
            "data": "azureml://datastores/workspaceblobstore/paths/after/{plant}/{circuit}/",
            "timeout_minutes": 1,
            "columns": ["name", "value"],
        }
    }
}
"""Keys of a stage whose switch is confirmed with the input in `after/`."""
NOTHING = REPORT
PLANTS = Path(__file__).parents[2] / "workloads" / "plants"


@dataclass
class Tiny:
    """The workload, what it scores with, and how to make candidates of it."""

    name: str
    folder: Path
    circuits: tuple[str, ...] = ("A1", "B2")
    approvers: str = "ml-engineers"
    made: list[ChangedCircuits] = field(default_factory=list)

    @property
    def plant(self) -> str:
        return self.name.upper().replace("_", "")

    def units(self) -> tuple[Unit, ...]:
        return tuple(Unit(plant=self.plant, circuit=circuit) for circuit in self.circuits)

    def declare(
        self,
        score: str = GOOD,
        minutes: float = 1,
        columns: Sequence[str] = ("name", "value"),
        production_gate: Mapping[str, Any] | None = None,
        replay: Mapping[str, Any] | None = None,
        production: Mapping[str, Any] | None = None,
        **workload: Any,
    ) -> None:
        """Write workload.yaml and the scoring script.

        production_gate, production, workload: keys of that gate, that stage, the workload to be others; replay: its own.
        """
        document = yaml.safe_load((PLANTS / "workload.yaml").read_text())
        document |= {"name": self.name, "units": [{"plant": self.plant, "circuits": list(self.circuits)}]}
        document["scoring"] |= {"code": "scoring", "script": "score.py"}
        document["scoring"]["environment"]["conda"] = "scoring/conda.yaml"
        for stage in document["stages"][1:]:
            stage["target"] |= {"retry_timeout_seconds": 2}
        for stage in document["stages"]:
            for rule in stage.get("gate", {}).get("rules", ()):
                rule["group"] = self.approvers
        document["stages"][1]["verification"] |= {"timeout_minutes": minutes, "columns": list(columns)}
        document["stages"][2]["gate"] |= production_gate or {}
        document["stages"][2] |= {"replay": replay} if replay else {}
        if not replay:
            del document["stages"][2]["replay"]
        del document["stages"][2]["confirmation"]
        document["stages"][2] |= production or {}
        document |= workload
        (self.folder / "scoring").mkdir(parents=True, exist_ok=True)
        shutil.copytree(PLANTS / "pipelines", self.folder / "pipelines", dirs_exist_ok=True)
        (self.folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        (self.folder / "scoring" / "score.py").write_text(score)
        (self.folder / "scoring" / "conda.yaml").write_text(f"name: {self.name}\ndependencies: [python=3.11]\n")

    def give_test_data(self, circuits: Sequence[str] | None = None) -> None:
        """Upload one line of test data for circuits; all when left out."""
        file = self.folder / "test_input.csv"
        file.write_text("value\n1\n")
        for circuit in circuits or self.circuits:
            path = f"azureml://datastores/workspaceblobstore/paths/test-data/{self.plant}/{circuit}/test_input.csv"
            upload_file(loaded(Workspace, "test"), file, path)

    def give_data(self, folder: str, text: str, circuits: Sequence[str] | None = None) -> None:
        """Upload input to production, for circuits; all when left out. It is scored after the switch, see `CONFIRMED`."""
        file = self.folder / "input.csv"
        file.write_text(text)
        for circuit in circuits or self.circuits:
            path = f"azureml://datastores/workspaceblobstore/paths/{folder}/{self.plant}/{circuit}/input.csv"
            upload_file(loaded(Workspace, "production"), file, path)

    def candidates(self) -> ChangedCircuits:
        """Register a new model for each circuit and hand them over, as training would."""
        dev, stamp = loaded(Workspace, "dev"), datetime.now(UTC).isoformat()
        data = find_data(dev, DATA, VERSION)
        assert data is not None, "`site` pretends to have trained"
        circuits = []
        for unit in self.units():
            model = self.folder / "models" / stamp / unit.circuit
            model.mkdir(parents=True)
            (model / "model.txt").write_text(f"{unit} {stamp}")
            name = load_workload(self.folder / "workload.yaml").model_name(unit)
            tags = {
                "workload": self.name,
                "data_asset": DATA_ASSET,
                "training_job": JOB,
                "metrics": json.dumps(METRICS),
            }
            registered = register_model(dev, name, model, tags)
            circuits.append(
                ChangedCircuit(
                    plant_id=unit.plant,
                    circuit_id=unit.circuit,
                    model_name=name,
                    model_version=registered.version,
                    model_digest=registered.digest,
                    data_asset=DATA_ASSET,
                    cutoff_date=CUTOFF,
                    data_report_digest=NOTHING,
                    data_publisher=data.publisher,
                    training_job=JOB,
                    metrics=METRICS,
                )
            )
        return self.hand_over(circuits)

    def hand_over(self, circuits: Sequence[ChangedCircuit], **more: str) -> ChangedCircuits:
        """Keep changed_circuits.json of a new build beside the ledger. more: its fields."""
        fields = {"workload": self.name, "build_id": uuid4().hex, "code_commit": "c" * 40, **more}
        self.made.append(ChangedCircuits(circuits=tuple(circuits), **fields))
        path = changed_path(self.name, self.made[-1].build_id)
        keep_document.fn(self.ledger(), path, self.made[-1].to_json())
        return self.made[-1]

    def serve(self, changed: ChangedCircuits | None = None, until: str | None = None) -> str:
        """A release of these, or of new candidates, is published and serves at every stage, or up to one; its name.

        Gates, tests and reports of the release's flow are left out, and with them most of the time: for what comes after a release.
        """

        @flow(name="serve", validate_parameters=False)
        def served() -> str:
            made, ledger = begin(self.ledger(), changed or self.candidates(), "linus"), self.ledger()
            stages = declared_workload(self.name).up_to(until).stages
            for stage in stages:
                if isinstance(stage.target, ServingTarget):
                    body = {"after": self._switch(made, stage, stage.target), "left": 0}
                    record(ledger, self.name, made.name, Kind.SWITCHED, {"stage": stage.name, **body})
                else:
                    record(
                        ledger,
                        self.name,
                        made.name,
                        Kind.PROMOTED,
                        {"stage": stage.name, **self._publish(made, stage)},
                    )
            if until is None:
                record_outcome(ledger, made, ReleaseOutcome(Outcome.SUCCEEDED, "serves"), stages[-1])
            return made.name

        return served()

    def _publish(self, made: Release, stage: Stage) -> Mapping[str, Any]:
        assert isinstance(stage.target, ModelRegistryTarget)
        dev, registry = loaded(Workspace, "dev"), loaded(ModelRegistry, stage.target.registry)
        units: dict[str, str] = {}
        for one in made.units:
            tags = model_tags(self.name, one.unit, one.cutoff_date, "dev", made.created_at, made.name, made.build_id)
            publish_model.fn(dev, registry, one, tags)
            units[str(one.unit)] = f"{one.model_name}:{one.model_version}"
        return {"units": units}

    def _switch(self, made: Release, stage: Stage, target: ServingTarget) -> dict[str, str]:
        platform, name = platform_of(declared_workload(self.name), target), deployment_name(made.name)
        after: dict[str, str] = {}
        with stage_lease(self.ledger(), self.name, stage.name, made.name) as held:
            platform.prepare()
            for one in made.units:
                after[platform.endpoint(one.unit)] = name
                request = DeploymentRequest(
                    platform.endpoint(one.unit),
                    name,
                    platform.source(one, made.name),
                    one.model_digest,
                    deployment_tags(self.name, one.cutoff_date, made.name, datetime.now(UTC)),
                    {
                        WORKLOAD: self.name,
                        "plant_id": one.plant_id,
                        "circuit_id": one.circuit_id,
                        RELEASE_ID: made.name,
                    },
                )
                platform.deploy(request)
                platform.switch(held, request.endpoint, name)
        return after

    def ledger(self) -> Ledger:
        """Where it is kept."""
        return loaded(Ledger, "ledger")


def answering(*answers: FormAnswer | Callable[[Pending], FormAnswer]) -> tuple[Approver, list[Pending]]:
    """An approver that gives these answers, one a form and the last one for all others, and keeps what it was shown.

    An answer without a proof is signed with the SSH key of the approver it names. One may be made of the form. Forms of other
    tests, whose runs wait on the same server, are theirs.
    """
    seen: list[Pending] = []

    def decide(pending: Pending) -> FormAnswer | None:
        if not any(name in pending.run_name.lower() for name in known_workloads()):
            return None
        seen.append(pending)
        answer = answers[min(len(seen), len(answers)) - 1]
        if callable(answer):
            return answer(pending)
        if "proof" in answer:
            return answer
        person = people.get(answer["approver"]) or people["ada"]
        return {**answer, "proof": person.proof(pending, Choice(answer["decision"]), answer["comment"])}

    return Approver(decide, poll_seconds=0.5), seen


people: dict[str, SigningApprover] = {}
"""Who has a key and is enrolled with it; filled by the fixture `site`."""

APPROVE = {"decision": "approve", "approver": "ada", "comment": ""}


def naming_of(workspace: Workspace) -> Naming:
    """How endpoints are named in a workspace, of a workload without a prefix of its own."""
    return Naming(workspace.endpoint_prefix, workspace.endpoint_suffix)


def endpoints_in(workspace: Workspace) -> BatchEndpoints:
    """What serves in a workspace, to look at."""
    return BatchEndpoints(load_workload(PLANTS / "workload.yaml"), workspace, TARGET)


def stored_models(home: Path, unit: str) -> list[Path]:
    """The files of a unit's models wherever the emulator of a laptop keeps them: in workspaces, registries and copies."""
    found = []
    for file in (home / "emulator").rglob("model.txt"):
        with suppress(FileNotFoundError):  # another test's, and gone by now
            if file.read_text().startswith(unit):
                found.append(file)
    return found
