"""A house in memory: ledger, places where circuits serve, models, people with keys, and a run that needs no server."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from blobs_twin import BlobsTwin
from cast import Person
from platform_twin import Models, Place, PlatformTwin, Scoring
from prefect.blocks.system import Secret
from proof_making import tenant_keys
from pydantic import SecretStr
from run_twin import RunTwin, rebind
from tiny import APPROVE, NOTHING, Tiny
from troubles import Power

from benchmarks.pretended_training import CUTOFF, DATA_ASSET, JOB, METRICS
from blocks.approvers import Approvers
from blocks.azure_credential import AzureCredential
from blocks.ledger import Ledger
from blocks.model_registry import ModelRegistry
from blocks.workspace import Workspace
from deployments.approval.form_client import FormAnswer, Pending
from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Credential, Enrolment
from domain.approval.statement import Choice
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits, changed_path
from domain.canonical_json import digest_of
from domain.declaration.target import BatchEndpointTarget
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.ledger.lease import Lease
from domain.naming import release_of
from flows import release
from flows.approval.pending import pending_request
from tasks import workloads
from tasks.approval.approvers import published_keys
from tasks.azure_ml.datastore_files import container_of, list_files
from tasks.azure_ml.models import check_model, find_model, models_of, publish_model, published_circuit
from tasks.azure_ml.pipelines import wait_for_job
from tasks.azure_ml.scoring_jobs import invoke
from tasks.ledger.facts import keep_document, read_facts, release_names
from tasks.ledger.trust import KEY, TRUST
from tasks.platforms import platform_of, workspace_of
from tasks.reports.plots import comparison_plot, gains_plot
from tasks.targets.serving import serving_of
from tasks.training.predictions import fetch_predictions
from tasks.training.training_record import training_record
from tasks.workloads import declared_workload, known_workloads

MEMBERS = ("demo-approver", "ada", "grace")
GROUP = "ml-engineers"


@dataclass
class Twins:
    """Everything that outlives a run. places: workspace's name in workload.yaml → what is there."""

    power: Power = field(default_factory=Power)
    models: Models = field(default_factory=Models)
    run: RunTwin = field(default_factory=RunTwin)

    def __post_init__(self) -> None:
        self.blobs = BlobsTwin(self.power)
        self.places = {"test": Place("mlw-test", self.power), "production": Place("mlw-prod", self.power)}
        credential = AzureCredential(kind="managed_identity")
        self.registry = ModelRegistry(registry_name="mlr-shared", credential=credential)
        self.ledger = Ledger(account_url="https://twins.blob.core.windows.net", credential=credential)
        self.run.save("ledger", self.ledger)
        self.run.save("shared", self.registry)
        for name, place in (("dev", "mlw-dev"), *((name, one.name) for name, one in self.places.items())):
            workspace = Workspace(
                subscription_id="s",
                resource_group="g",
                workspace_name=place,
                location="westeurope",
                credential=credential,
            )
            self.run.save(name, workspace)
        enrolments = [Enrolment(name=name, credentials=(Person(name).credential("ssh"),)) for name in ("ada", "grace")]
        self.run.save(GROUP, Approvers(members=list(MEMBERS), enrolments=enrolments))

    def install(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        """Take the place of Prefect and Azure until the patch is undone; nothing is signed. folder: of the workloads."""
        for name in (TRUST, KEY):
            patch.delenv(name, raising=False)
        self.run.install(patch)
        patch.setattr(workloads, "WORKLOADS", folder)
        patch.setattr(Ledger, "get_client", lambda _: self.blobs)
        no_plot = lambda *_: ""  # noqa: E731 - half a second each, and no rule looks at them
        rebind(
            patch,
            (platform_of, self.platform_of),
            (published_circuit, self.models.published_circuit),
            (training_record, self.models.training_record),
            (models_of, self.models.versions),
            (find_model, self.models.find),
            (workspace_of, lambda platform: Scoring(platform.at)),
            (wait_for_job, Scoring.wait),
            (container_of, Scoring.container),
            (invoke, Scoring.invoke),
            (list_files, Scoring.list_files),
            (comparison_plot, no_plot),
            (gains_plot, no_plot),
            (published_keys, lambda _: tenant_keys()),
        )
        patch.setattr(publish_model, "fn", self.models.publish)
        patch.setattr(check_model, "fn", self.models.check)
        patch.setattr(fetch_predictions, "fn", no_predictions)

    def platform_of(self, workload: Workload, target: Any) -> PlatformTwin:
        """As `tasks.platforms.platform_of`."""
        assert isinstance(target, BatchEndpointTarget), target
        return PlatformTwin(workload, self.places[target.workspace], self.models, self.registry)

    def platform(self, workload: str, stage: str) -> PlatformTwin:
        """Of a stage."""
        found = declared_workload(workload)
        return self.platform_of(found, found.stage(stage).target)

    def serving(self, tiny: Tiny, stage: str) -> list[str]:
        """Which release serves each circuit; `None` where nothing does."""
        platform = self.platform(tiny.name, stage)
        found = serving_of(platform, [platform.endpoint(unit) for unit in tiny.units()])
        return [release_of(str(one)) for one in found.values()]

    def names(self, tiny: Tiny) -> tuple[str, ...]:
        """Of its releases, newest first."""
        return release_names(self.ledger, tiny.name)

    def newest(self, tiny: Tiny) -> tuple[str, tuple[Fact, ...]]:
        """Name and facts of the newest release."""
        name = self.names(tiny)[0]
        return name, read_facts(self.ledger, tiny.name, name)

    def facts(self, tiny: Tiny) -> tuple[Fact, ...]:
        """Of the newest release."""
        return self.newest(tiny)[1]

    @contextmanager
    def answering(self, *answers: FormAnswer | Callable[[Pending], FormAnswer]) -> Iterator[list[Pending]]:
        """Somebody gives these answers, one a form and the last one for all others; what they were shown.

        An answer without a proof is signed with the SSH key of the approver it names. One may be made of the form.
        """
        seen: list[Pending] = []

        def decide(pending: Pending) -> FormAnswer:
            seen.append(pending)
            answer = answers[min(len(seen), len(answers)) - 1]
            if callable(answer):
                return answer(pending)
            if "proof" in answer:
                return answer
            signer = answer["approver"] if answer["approver"] in {"ada", "grace"} else "ada"
            return {**answer, "proof": self.proof(pending, signer, Choice(answer["decision"]), answer["comment"])}

        before, self.run.decide = self.run.decide, decide
        try:
            yield seen
        finally:
            self.run.decide = before

    def proof(self, pending: Pending, name: str, choice: Choice, comment: str) -> str:
        """A signature over the statement that answers a form."""
        request = pending_request(self.ledger, known_workloads(), pending.key)
        return Person(name).proof("ssh", request.statement(choice, name, comment), datetime.now(UTC))

    def release(
        self,
        tiny: Tiny,
        changed: ChangedCircuits,
        *answers: FormAnswer | Callable[[Pending], FormAnswer],
        by: str = "linus",
    ) -> Any:
        """Release these, approved by ada where no answers are given; the state in which it ends."""
        with self.answering(*(answers or (APPROVE,))):
            return self.release_as_answered(tiny, changed, by)

    def release_as_answered(self, tiny: Tiny, changed: ChangedCircuits, by: str = "linus") -> Any:
        """The same, within `answering`."""
        keep_document.fn(self.ledger, changed_path(tiny.name, changed.build_id), changed.to_json())
        return release.release(tiny.name, changed.build_id, by, return_state=True)

    def change(self, name: str, how: Callable[[Enrolment], Enrolment]) -> None:
        """Change a person's enrolment, as `deployments.approval.enrolment.change`."""
        block: Any = self.run.blocks[Approvers.get_block_type_slug(), GROUP]
        self.run.save(GROUP, block.with_enrolment(how(block.get_enrolment(name))))

    def enrol(self, name: str, credential: Credential) -> None:
        """One credential more."""
        self.change(name, lambda known: known.with_credential(credential))

    def enrol_code(self, name: str) -> str:
        """An authenticator; its secret."""
        person = Person(name)
        generator: Any = person.credential("code")
        self.run.save(generator.secret_block, Secret(value=SecretStr(person.secret)))
        self.enrol(name, generator)
        return person.secret

    def approvers(self) -> EnrolledApprovers:
        """As they are enrolled now."""
        group: Any = self.run.blocks[Approvers.get_block_type_slug(), GROUP]
        return EnrolledApprovers({GROUP: group.get_members()}, {one.name: one for one in group.enrolments}, {})

    def lease_ends(self, workload: str, stage: str) -> None:
        """As if the time of a stage's lease had passed."""
        name = f"leases/{workload}/{stage}.json"
        held = Lease.model_validate_json(self.blobs.download_blob(name).readall())
        ended = held.ended(datetime.now(UTC) - timedelta(seconds=1))
        self.blobs.upload_blob(name, ended.model_dump_json(), overwrite=True)


def no_predictions(*_: object) -> Any:
    """Nothing was trained, so there is nothing to draw."""
    raise Terminal("a twin's model was not trained, so it has no predictions")


@dataclass
class TinyTwin(Tiny):
    """A `Tiny` whose data and models are in memory."""

    twins: Twins = field(default_factory=Twins)

    def give_test_data(self, circuits: Sequence[str] | None = None) -> None:
        for circuit in circuits or self.circuits:
            self.twins.places["test"].data[_path("test-data", self.plant, circuit, "test_input.csv")] = "value\n1\n"

    def give_data(self, folder: str, text: str, circuits: Sequence[str] | None = None) -> None:
        for circuit in circuits or self.circuits:
            self.twins.places["production"].data[_path(folder, self.plant, circuit, "input.csv")] = text

    def candidates(self, cutoff: date = CUTOFF, champion: str | None = None) -> ChangedCircuits:
        """cutoff: last day of their data. champion: the version that each was compared with."""
        stamp, circuits = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f"), []
        for unit in self.units():
            name, text = declared_workload(self.name).model_name(unit), f"{unit} {stamp}"
            version = str(1 + sum(known == name for known, _ in self.twins.models.dev))
            self.twins.models.dev[name, version] = text
            circuits.append(
                ChangedCircuit(
                    plant_id=unit.plant,
                    circuit_id=unit.circuit,
                    model_name=name,
                    model_version=version,
                    model_digest=digest_of(text.encode()),
                    data_asset=DATA_ASSET,
                    cutoff_date=cutoff,
                    data_report_digest=NOTHING,
                    training_job=JOB,
                    metrics=METRICS,
                    champion_version=champion,
                    champion_metrics={"rmse": 2.0} if champion else None,
                )
            )
            self.twins.models.trained[name, version] = circuits[-1]
        return self.hand_over(circuits, build_id=stamp)

    def ledger(self) -> Ledger:
        return self.twins.ledger


def _path(folder: str, plant: str, circuit: str, file: str) -> str:
    return f"azureml://datastores/workspaceblobstore/paths/{folder}/{plant}/{circuit}/{file}"
