"""One contract for everything that serves: each kind of target is asked the same, and answers the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from applied import Applied
from charted import Charted
from prefect import flow
from real_cluster import needs_cluster, own_namespace, save_cluster
from served import Served
from tiny import APPROVE, Tiny
from twins import TinyTwin, Twins

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.model_registry import ModelRegistry
from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.stage import Stage
from domain.declaration.target import ServingTarget
from domain.errors import StageLost, Terminal
from domain.naming import deployment_name
from domain.tags import PREVIOUS, deployment_tags
from flows.release import release
from tasks import workloads
from tasks.ledger.facts import release_names
from tasks.ledger.lease import stage_lease
from tasks.platforms import platform_of
from tasks.targets.platform import DeploymentRequest, Platform, model_of
from tasks.workloads import declared_workload

KINDS: dict[str, tuple[type[Tiny], str, str]] = {
    "batch_endpoint": (Tiny, "registry", "test"),
    "container_instance": (Served, "images", "dev"),
    "helm_release": (Charted, "images", "production"),
    "kubernetes_manifest": (Applied, "images", "production"),
}
"""Kind → a workload that has one, the stage below it, and the stage."""
ON_A_CLUSTER = {"helm_release", "kubernetes_manifest"}
TWIN = "twin"


@pytest.fixture(scope="module")
def cluster(environment: str) -> Iterator[str]:
    """A block with a namespace of this file's own, of the same name."""
    with own_namespace("flask-platforms") as namespace:
        save_cluster(namespace, namespace=namespace)
        yield namespace


@dataclass(frozen=True)
class Asked:
    """A workload of one circuit, and the stage of the kind that is asked."""

    made: Tiny
    below: str
    stage: Stage
    ledger: Ledger
    registry: ModelRegistry
    twins: Twins | None = None

    @property
    def platform(self) -> Platform:
        target = self.stage.target
        assert isinstance(target, ServingTarget)
        if self.twins is not None:
            return self.twins.platform_of(declared_workload(self.made.name), target)
        return platform_of(declared_workload(self.made.name), target)

    def released(self) -> tuple[ChangedCircuit, str, DeploymentRequest]:
        """A new model, carried as far as the stage below; what is deployed then."""
        changed = self.made.candidates()
        if self.twins is None:
            self.made.serve(changed, self.below)
        else:
            with self.twins.answering(APPROVE):
                state = release(self.made.name, changed.build_id, "linus", self.below, return_state=True)
            assert state.name == "Succeeded", state.message
        name, circuit = release_names(self.ledger, self.made.name)[0], changed.circuits[0]
        endpoint = self.platform.endpoint(circuit.unit)
        tags = deployment_tags(self.made.name, circuit.cutoff_date, name, datetime.now(UTC))
        source = self.platform.source(circuit, name)
        request = DeploymentRequest(
            endpoint, deployment_name(name), source, circuit.model_digest, tags, {"release_id": name}
        )
        return circuit, name, request


@pytest.fixture(
    params=[pytest.param(kind, marks=needs_cluster if kind in ON_A_CLUSTER else []) for kind in (TWIN, *KINDS)]
)
def asked(request: pytest.FixtureRequest, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    kind = request.param
    if kind == TWIN:
        twins = Twins()
        twins.install(monkeypatch, tmp_path)
        made: Tiny = TinyTwin("asked", tmp_path / "asked", ("A1",), twins=twins)
        made.declare()
        made.give_test_data()
        stage = declared_workload(made.name).stage("test")
        return Asked(made, "registry", stage, twins.ledger, twins.registry, twins)
    site = request.getfixturevalue("site")
    made_as, below, named = KINDS[kind]
    name = f"asked{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    made = made_as(name, tmp_path / name, ("A1",))
    if isinstance(made, Charted | Applied):
        made.cluster = request.getfixturevalue("cluster")
    made.declare()
    if made_as is Tiny:
        made.give_test_data()
    return Asked(made, below, declared_workload(name).stage(named), site.ledger, loaded(ModelRegistry, "shared"))


def in_a_flow(conversation: Callable[[], None]) -> None:
    """Platforms log to the run that asks them."""
    flow(conversation)()


def test_every_platform_answers_the_same_questions_alike(asked: Asked) -> None:
    platform, unit = asked.platform, asked.made.units()[0]
    endpoint = platform.endpoint(unit)
    test = asked.stage.verification or (asked.stage.confirmation and asked.stage.confirmation.smoke)
    assert test

    def conversation() -> None:
        assert platform.faults_of_names([unit]) == ()
        assert platform.preflight_faults() == ()
        assert platform.serving(endpoint) is None
        assert platform.find(endpoint, "deployment-19990101-1") is None
        assert platform.deployments(endpoint) == ()

        with stage_lease(asked.ledger, asked.made.name, asked.stage.name, "first") as held:
            circuit, name, one = asked.released()
            platform.prepare()
            platform.deploy(one)
            platform.deploy(one)  # twice is once
            platform.check(circuit, name)
            assert platform.serving(endpoint) is None
            found = platform.find(endpoint, one.name)
            assert found is not None
            assert (found.state, model_of(found)) == ("Succeeded", (circuit.model_name, circuit.model_version))
            assert platform.missing_dependencies(asked.registry)(found) == ""

            platform.switch(held, endpoint, one.name)
            platform.switch(held, endpoint, one.name)
            assert platform.serving(endpoint) == one.name
            assert [each.name for each in platform.deployments(endpoint)] == [one.name]
            assert platform.smoke(test, unit, endpoint, one.name).passed

            _, _, other = asked.released()
            platform.deploy(other)
            assert platform.serving(endpoint) == one.name  # deployed is not switched
            platform.switch(held, endpoint, other.name)
            assert platform.serving(endpoint) == other.name
            found = platform.find(endpoint, other.name)
            assert found is not None
            assert found.tags[PREVIOUS] == one.name
            assert platform.smoke(test, unit, endpoint, other.name).passed
            with pytest.raises(Terminal, match=r"serve|default"):
                platform.remove(held, endpoint, other.name)
            assert all(finding.healthy for finding in platform.diagnose(asked.stage, {endpoint: other.name}))

            platform.switch(held, endpoint, one.name)
            assert platform.serving(endpoint) == one.name
            assert platform.smoke(test, unit, endpoint, one.name).passed

        with stage_lease(asked.ledger, asked.made.name, asked.stage.name, "second") as newer:
            platform.switch(newer, endpoint, other.name)
            with pytest.raises(StageLost):
                platform.switch(held, endpoint, one.name)  # it was silent, and does not know
            assert platform.serving(endpoint) == other.name
            platform.switch(newer, endpoint, None)
            assert platform.serving(endpoint) is None
        assert platform.describe()

    in_a_flow(conversation)
