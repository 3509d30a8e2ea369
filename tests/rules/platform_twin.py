"""Batch endpoints in memory: a `tasks.targets.platform.Platform` that can be made to go wrong on purpose.

It is held to the same contract as the real ones (tests/flows/targets/test_platforms.py, tests/flows/targets/test_batch_contract.py). Models are
texts, input is text at a path, and a deployment scores with the script that the workload had when it was made.
"""

import runpy
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from troubles import Power, Troubles

from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.candidate.training_record import TrainingRecord
from domain.canonical_json import digest_of
from domain.declaration.stage import Stage
from domain.declaration.workload import Workload
from domain.errors import StageLost, Terminal, Transient
from domain.naming import faults_of_names
from domain.ownership import must_not_be_anothers
from domain.rollout.deployment_history import FENCE, fence_of
from domain.rollout.diagnosis import Finding
from domain.rollout.retention import made_by_release
from domain.tags import NO_PREVIOUS, PREVIOUS, RELEASE_ID, WORKLOAD
from domain.unit import Unit
from domain.verification.http_smoke import AnySmokeTest
from domain.verification.smoke import SmokeEvidence, SmokeTest, SmokeVerdict
from tasks.azure_ml.models import DIGEST, Model, _must_match
from tasks.azure_ml.scoring_jobs import PREDICTIONS
from tasks.ledger.lease import HeldStage
from tasks.targets.platform import Deployment, DeploymentRequest, model_of

ENVIRONMENT = "azureml:/environments/scoring/versions/1"


@dataclass
class Models:
    """The workspace in which models are trained, and the registry: name and version → content, a text.

    tags: of what was published. trained: name and version → what training said of it. circuits: the same, of what was published.
    """

    dev: dict[tuple[str, str], str] = field(default_factory=dict)
    registry: dict[tuple[str, str], str] = field(default_factory=dict)
    circuits: dict[tuple[str, str], ChangedCircuit] = field(default_factory=dict)
    trained: dict[tuple[str, str], ChangedCircuit] = field(default_factory=dict)
    tags: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def publish(self, source: object, registry: ModelRegistry, circuit: ChangedCircuit, tags: Mapping[str, str]) -> Any:
        """As `tasks.azure_ml.models.publish_model`."""
        key = circuit.model_name, circuit.model_version
        if key not in self.registry:
            _must_match(digest_of(self.dev[key].encode()), circuit.model_digest, *key, "workspace mlw-dev")
            self.registry[key], self.circuits[key], self.tags[key] = self.dev[key], circuit, tags
        self.check(registry, circuit)

    def check(self, registry: ModelRegistry, circuit: ChangedCircuit) -> None:
        """As `tasks.azure_ml.models.check_model`."""
        key = circuit.model_name, circuit.model_version
        found = digest_of(self.registry.get(key, "").encode())
        _must_match(found, circuit.model_digest, *key, f"registry {registry.registry_name}")

    def training_record(self, dev: object, workload: object, circuit: ChangedCircuit) -> TrainingRecord:
        """As `tasks.training.training_record.training_record`."""
        key = circuit.model_name, circuit.model_version
        made = self.trained[key]
        return TrainingRecord(
            digest_of(self.dev[key].encode()),
            made.data_asset,
            made.training_job,
            made.champion_version,
            made.metrics,
            made.champion_metrics,
            made.data_publisher,
            made.data_report_digest,
            made.cutoff_date.isoformat(),
        )

    def versions(self, home: object, name: str) -> tuple[Model, ...]:
        """As `tasks.azure_ml.models.models_of`, of the registry."""
        found = [self._model(known, version) for known, version in self.registry if known == name]
        return tuple(sorted(found, key=lambda model: int(model.version)))

    def find(self, home: object, name: str, version: str) -> Model | None:
        """As `tasks.azure_ml.models.find_model`, of the registry."""
        return self._model(name, version) if (name, version) in self.registry else None

    def _model(self, name: str, version: str) -> Model:
        key = name, version
        return Model(name, version, self.tags.get(key, {}), {DIGEST: digest_of(self.registry[key].encode())})

    def published_circuit(self, registry: ModelRegistry, workload: str, name: str, version: str) -> ChangedCircuit:
        """As `tasks.azure_ml.models.published_circuit`."""
        must_not_be_anothers(f"model {name}:{version}", self.tags.get((name, version), {}), workload)
        return self.circuits[name, version]


@dataclass
class Served:
    """An endpoint. scripts: deployment → what it scores with."""

    tags: dict[str, str]
    default: str | None = None
    deployments: dict[str, Deployment] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)


@dataclass
class Place:
    """A workspace, which outlives whoever looks at it. data: path → text. troubles: a verb is a method of `Platform`."""

    name: str
    power: Power
    endpoints: dict[str, Served] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    environments: set[str] = field(default_factory=lambda: {ENVIRONMENT})
    jobs: Iterator[int] = field(default_factory=lambda: count(1))
    ended: dict[str, "Job"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.troubles = Troubles(self.power, Terminal, Transient)

    def job(self, endpoint: str, deployment: str, folder: str) -> "Job":
        """Score every file of a folder."""
        name, texts = f"job-{next(self.jobs)}", [text for path, text in self.data.items() if path.startswith(folder)]
        with tempfile.TemporaryDirectory() as home:
            script = Path(home, "score.py")
            script.write_text(self.endpoints[endpoint].scripts[deployment])
            files = [Path(home, f"{number}.csv") for number in range(len(texts))]
            for file, text in zip(files, texts, strict=True):
                file.write_text(text)
            try:
                scoring = runpy.run_path(str(script))
                scoring["init"]()
                rows = scoring["run"]([str(file) for file in files])
            except Exception as error:  # noqa: BLE001 — whatever a model does, its job fails
                return Job(name, "Failed", (), f"{type(error).__name__}: {error}")
        return Job(name, "Completed" if rows else "Failed", tuple(map(str, rows)), "")


@dataclass(frozen=True)
class Job:
    """A scoring job that has ended. rows: columns parted by spaces, as Azure ML writes them. reason: why it failed."""

    name: str
    status: str
    rows: tuple[str, ...]
    reason: str


class Scoring:
    """What a replay asks of a workspace, in place of `tasks.azure_ml.scoring_jobs`, `tasks.azure_ml.datastore_files` and the SDK's client."""

    def __init__(self, at: Place) -> None:
        self.at, self.workspace_name, self.jobs = at, at.name, self

    def get_client(self) -> "Scoring":
        """Of its jobs."""
        return self

    def invoke(self, endpoint: str, deployment: str | None, data: str) -> str:
        """A job that has ended; its name."""
        job = self.at.job(endpoint, deployment or self.at.endpoints[endpoint].default or "", data)
        self.at.ended[job.name] = job
        return job.name

    def wait(self, job: str, timeout_seconds: float) -> Job:
        """It has ended."""
        return self.at.ended[job]

    def download(self, job: str, download_path: str, output_name: str) -> None:
        """What it wrote."""
        Path(download_path, PREDICTIONS).write_text("".join(f"{row}\n" for row in self.at.ended[job].rows))

    def list_files(self, uri: str) -> tuple[str, ...]:
        """Below a folder."""
        return tuple(path for path in self.at.data if path.startswith(uri))

    def container(self, datastore: str) -> "Scoring":
        """Of a datastore."""
        return self

    def download_blob(self, path: str) -> Any:
        """A file's content."""
        found = next((text for uri, text in self.at.data.items() if uri.endswith(f"/paths/{path}")), None)
        if found is None:
            raise ResourceNotFoundError("The specified blob does not exist.")
        return SimpleNamespace(readall=found.encode)


@dataclass(frozen=True)
class PlatformTwin:
    """A workload's endpoints at a place."""

    workload: Workload
    at: Place
    models: Models
    registry: ModelRegistry

    @property
    def place(self) -> str:
        """The workspace's name."""
        return self.at.name

    def endpoint(self, unit: Unit) -> str:
        """`be-{plant}-{circuit}`."""
        return self.workload.naming("", "").endpoint(unit)

    def faults_of_names(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """As for batch endpoints."""
        return faults_of_names(units, self.workload.naming("", ""))

    def preflight_faults(self) -> tuple[str, ...]:
        """None."""
        return ()

    def prepare(self) -> None:
        """Nothing is shared."""
        self._meet("prepare", "", lambda: None)

    def serving(self, endpoint: str) -> str | None:
        """The endpoint's default."""
        found = self._meet("serving", endpoint, lambda: self.at.endpoints.get(endpoint))
        return found.default if found is not None else None

    def tags(self, endpoint: str) -> Mapping[str, str]:
        """The endpoint's."""
        found = self.at.endpoints.get(endpoint)
        return dict(found.tags) if found is not None else {}

    def find(self, endpoint: str, name: str) -> Deployment | None:
        """As it is now."""
        return next((one for one in self.deployments(endpoint) if one.name == name), None)

    def deployments(self, endpoint: str) -> tuple[Deployment, ...]:
        """As they are now."""
        found = self._meet("deployments", endpoint, lambda: self.at.endpoints.get(endpoint))
        return tuple(found.deployments.values()) if found is not None else ()

    def deploy(self, request: DeploymentRequest) -> Deployment:
        """Endpoint and deployment; one that is there is compared."""

        def act() -> Deployment:
            there = self.at.endpoints.setdefault(request.endpoint, Served(dict(request.endpoint_tags)))
            must_not_be_anothers(request.endpoint, there.tags, self.workload.name)
            found = there.deployments.get(request.name)
            if found is not None and found.state == "Succeeded":
                if found.model != request.model:
                    raise Terminal(
                        f"deployment {request.name} of {request.endpoint} serves {found.model}, not {request.model}: it was "
                        "made by something else. Delete it, or make a new release."
                    )
                return found
            if model_of(_made(request, {})) not in self.models.registry:
                raise Terminal(f"Azure refused while creating deployment {request.name}: there is no {request.model}")
            previous = there.default if there.default != request.name else None
            made = _made(request, {PREVIOUS: previous or NO_PREVIOUS, **request.tags})
            there.deployments[request.name] = made
            scoring = self.workload.batch_scoring
            there.scripts[request.name] = (self.workload.scoring_folder / scoring.script).read_text()
            return made

        return self._meet("deploy", request.endpoint, act)

    def switch(self, held: HeldStage, endpoint: str, deployment: str | None) -> None:
        """Change the default; None: the endpoint goes, unless somebody deployed there by hand."""

        def act() -> None:
            found = self.at.endpoints.get(endpoint)
            held.check()
            if found is None or deployment is None:
                self._unserve(endpoint, found, deployment)
                return
            fence = fence_of(found.tags.get(FENCE), f"tag {FENCE} of endpoint {endpoint}")
            if fence > held.fence:
                raise StageLost(
                    f"{endpoint} was switched by a later holder of the stage; this run does nothing more there"
                )
            if found.default == deployment:
                return
            if deployment not in found.deployments:
                raise Terminal(f"Azure refused while switching {endpoint} to {deployment}: it is not there")
            found.default = deployment
            found.tags |= {FENCE: str(held.fence), WORKLOAD: self.workload.name}

        self._meet("switch", endpoint, act)

    def _unserve(self, endpoint: str, found: Served | None, deployment: str | None) -> None:
        if deployment is not None:
            raise Terminal(f"{endpoint} is gone, so it cannot serve {deployment}; release the circuit again")
        if found is None or found.default is None:
            return
        by_hand = sorted(one.name for one in found.deployments.values() if not made_by_release(one))
        if by_hand:
            raise Terminal(
                f"{endpoint} served nothing before, and no release made {', '.join(by_hand)}, so the endpoint is not deleted; delete "
                "that deployment, or choose what it is to serve with `signalbox deploy-version PLANT/CIRCUIT VERSION --stage STAGE --workload NAME`"
            )
        del self.at.endpoints[endpoint]

    def source(self, circuit: ChangedCircuit, release: str) -> str:
        """The model in the registry."""
        name = self.registry.registry_name
        return f"azureml://registries/{name}/models/{circuit.model_name}/versions/{circuit.model_version}"

    def check(self, circuit: ChangedCircuit, release: str) -> None:
        """The model's content."""
        self._meet("check", circuit.model_name, lambda: self.models.check(self.registry, circuit))

    def smoke(self, test: AnySmokeTest, unit: Unit, endpoint: str, deployment: str | None) -> SmokeVerdict:
        """The script over the circuit's data."""
        if not isinstance(test, SmokeTest):
            raise Terminal(f"{endpoint} scores files and is not tested over HTTP")
        data = test.data_for(unit)

        def act() -> SmokeVerdict:
            if not any(path.startswith(data) for path in self.at.data):
                raise Terminal(
                    f"{unit} has no test data: {data} in {self.place} is empty. Upload test_input.csv there (a small slice, the "
                    "training data's columns), then run the release again."
                )
            asked = deployment or self.at.endpoints[endpoint].default or ""
            return test.verdict(_evidence(unit, self.at.job(endpoint, asked, data), test.columns))

        return self._meet("smoke", endpoint, act)

    def remove(self, held: HeldStage, endpoint: str, name: str) -> None:
        """One that is gone already is what was wanted."""

        def act() -> None:
            found = self.at.endpoints.get(endpoint)
            if found is None:
                return
            held.check()
            held.must_outrank(endpoint, fence_of(found.tags.get(FENCE), f"tag {FENCE} of endpoint {endpoint}"))
            if found.default is not None and found.default.lower() == name.lower():
                raise Terminal(
                    f"deployment {name} of {endpoint} serves, so it is not removed; switch to another one first"
                )
            found.deployments.pop(name, None)

        self._meet("remove", endpoint, act)
        if self.find(endpoint, name) is not None:
            raise Transient(
                f"deployment {name} of {endpoint} is still there: Azure accepted its removal but did not do it"
            )

    def remove_endpoint(self, held: HeldStage, endpoint: str, release: str) -> bool:
        """It stays where it has a deployment, has ever been switched, or was made by another release."""

        def act() -> bool:
            found = self.at.endpoints.get(endpoint)
            if found is None:
                return True
            if FENCE in found.tags or found.default or found.tags.get(RELEASE_ID) != release or found.deployments:
                return False
            held.check()
            del self.at.endpoints[endpoint]
            return True

        return self.at.troubles.meet("remove_endpoint", endpoint, act, True)

    def missing_dependencies(self, registry: ModelRegistry) -> Callable[[Deployment], str]:
        """Model and environment."""

        def missing(deployment: Deployment) -> str:
            if model_of(deployment) not in self.models.registry:
                return f"its model {':'.join(model_of(deployment))} is gone"
            gone = deployment.environment not in self.at.environments
            return f"its environment {deployment.environment.rsplit('/environments/')[-1]} is gone" if gone else ""

        return missing

    def diagnose(self, stage: Stage, expected: Mapping[str, str]) -> Iterator[Finding]:
        """What serves, and what should."""
        for endpoint, name in expected.items():
            seen = self.serving(endpoint)
            yield Finding(f"endpoint {endpoint}", f"serves {seen}", "" if seen == name else f"switch it to {name}")

    def describe(self) -> str:
        """It costs nothing."""
        return "memory of this process"

    def _meet(self, verb: str, where: str, act: Callable[[], Any]) -> Any:
        return self.at.troubles.meet(verb, where, act, None)

    def by_hand(self, endpoint: str, deployment: str, **changes: Any) -> None:
        """Somebody changes a deployment, or makes another one like it, without any of our rules."""
        there = self.at.endpoints[endpoint]
        changed = replace(there.deployments[deployment], **changes)
        there.deployments[changed.name], there.scripts[changed.name] = changed, there.scripts[deployment]


def _made(request: DeploymentRequest, tags: Mapping[str, str]) -> Deployment:
    return Deployment(request.endpoint, request.name, request.model, "Succeeded", tags, ENVIRONMENT)


def _evidence(unit: Unit, job: Job, expected: tuple[str, ...]) -> SmokeEvidence:
    widths = {len(row.split(" ")) for row in job.rows}
    numbered = tuple(f"column {position + 1}" for position in range(max(widths, default=0)))
    return SmokeEvidence(
        unit=unit,
        job=job.name,
        status=job.status,
        seconds=0.1,
        log_errors=(),
        output_files=(PREDICTIONS,) if job.rows else (),
        columns=expected if widths == {len(expected)} else numbered,
        rows=len(job.rows),
    )
