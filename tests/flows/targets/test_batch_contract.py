"""One contract for batch endpoints: those of Azure, as the emulator answers, and the twin on which rules are tested.

What every kind of target promises is in test_platforms.py; here is what batch endpoints do besides, and what the twin must not
do better than they.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from tiny import GOOD, Tiny
from twins import TinyTwin, Twins

from domain.candidate.changed_circuits import ChangedCircuit
from domain.declaration.workload import Compute
from domain.errors import StageLost, Terminal
from domain.naming import deployment_name
from domain.rollout.deployment_history import FENCE
from domain.tags import NO_PREVIOUS, PREVIOUS, RELEASE_ID, deployment_tags
from domain.verification.smoke import SmokeTest
from tasks import workloads
from tasks.azure_ml.compute import ensure_compute
from tasks.azure_ml.models import publish_model
from tasks.azure_ml.scoring_jobs import invoke
from tasks.ledger.lease import HeldStage, stage_lease
from tasks.targets.batch_endpoint.target import BatchEndpoints
from tasks.targets.platform import Deployment, DeploymentRequest, Platform, deploy, model_of, remove_deployment, switch
from tasks.workloads import declared_workload

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NEWEST = "20260101.9"
ONE, TWO, THREE = (deployment_name(f"20260101.{number}") for number in (1, 2, 3))
Troubles = Mapping[str, Callable[[str], None]]


@dataclass
class There:
    """Two circuits at the stage test, which is held. models: one version after the other. troubles: each of one endpoint.

    by_hand: make a deployment like another one, without our rules. fence: who switched last, as the endpoint's tag has it.
    """

    tiny: Tiny
    platforms: Callable[[], Platform]
    held: HeldStage
    models: list[ChangedCircuit]
    by_hand: Callable[[str, Deployment, str], None]
    fence: Callable[[str, str], None]
    troubles: Troubles
    well_again: Callable[[], None]

    @property
    def platform(self) -> Platform:
        """As the workload is declared now."""
        return self.platforms()

    @property
    def endpoint(self) -> str:
        """Of A1."""
        return self.platform.endpoint(self.tiny.units()[0])

    @property
    def smoke(self) -> SmokeTest:
        """As the stage declares it."""
        found = declared_workload(self.tiny.name).stage("test").verification
        assert isinstance(found, SmokeTest)
        return found

    def request(self, number: int, model: int = 0) -> DeploymentRequest:
        """Of release 20260101.NUMBER, for A1."""
        circuit, release = self.models[model], f"20260101.{number}"
        tags = deployment_tags(self.tiny.name, date(2026, 1, 1), release, NOW)
        source = self.platform.source(circuit, release)
        return DeploymentRequest(
            self.endpoint, deployment_name(release), source, circuit.model_digest, tags, {RELEASE_ID: release}
        )

    def names(self) -> set[str]:
        """What is deployed for A1."""
        return {one.name for one in self.platform.deployments(self.endpoint)}

    @contextmanager
    def trouble(self, what: str) -> Iterator[None]:
        """While the body runs."""
        self.troubles[what](self.endpoint)
        try:
            yield
        finally:
            self.well_again()


@pytest.fixture(params=["twin", "azure"])
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    if request.param == "twin":
        yield from on_twins(tmp_path, monkeypatch)
    else:
        yield from on_azure(request, tmp_path, monkeypatch)


def on_twins(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[There]:
    twins = Twins()
    twins.install(patch, folder)
    tiny = TinyTwin("batch", folder / "batch", twins=twins)
    tiny.declare()
    tiny.give_test_data()
    models = [tiny.candidates().circuits[0] for _ in range(2)]
    for one in models:
        twins.models.publish(None, twins.registry, one, {})
    at = twins.places["test"]

    def by_hand(endpoint: str, like: Deployment, name: str) -> None:
        twins.platform(tiny.name, "test").by_hand(endpoint, like.name, name=name, tags={})

    def fence(endpoint: str, text: str) -> None:
        at.endpoints[endpoint].tags[FENCE] = text

    troubles: Troubles = {
        "switches are not done": lambda endpoint: at.troubles.add("silent no-op", "switch", endpoint, 5),
        "an answer to a switch is lost": lambda endpoint: at.troubles.add("lost answer", "switch", endpoint),
        "an answer to a deployment is lost": lambda endpoint: at.troubles.add("lost answer", "deploy", endpoint),
        "an answer to a removal is lost": lambda endpoint: at.troubles.add("lost answer", "remove", endpoint),
        "a removal fails": lambda endpoint: at.troubles.add("refused", "remove", endpoint),
    }
    with stage_lease(twins.ledger, tiny.name, "test", NEWEST) as held:
        yield There(
            tiny,
            lambda: twins.platform(tiny.name, "test"),
            held,
            models,
            by_hand,
            fence,
            troubles,
            at.troubles.waiting.clear,
        )


def on_azure(request: pytest.FixtureRequest, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[There]:
    site, faults = request.getfixturevalue("site"), request.getfixturevalue("faults")
    name = f"batch{request.getfixturevalue('unique')}"
    patch.setattr(workloads, "WORKLOADS", folder)
    tiny = Tiny(name, folder / name)
    tiny.declare()
    tiny.give_test_data()
    models = [tiny.candidates().circuits[0] for _ in range(2)]
    for one in models:
        publish_model.fn(site.dev, site.registry, one, {})
    target: Any = declared_workload(name).stage("test").target
    ensure_compute.fn(site.test, Compute(name=target.compute, size=target.vm_size, max_instances=4), "tests")
    client = site.test.get_client()

    def by_hand(endpoint: str, like: Deployment, name: str) -> None:
        mine = client.batch_deployments.get(like.name, endpoint)
        mine.name, mine.tags = name, {}
        client.batch_deployments.begin_create_or_update(mine, skip_script_validation=True).result()

    def fence(endpoint: str, text: str) -> None:
        found = client.batch_endpoints.get(endpoint)
        found.tags[FENCE] = text
        client.batch_endpoints.begin_create_or_update(found).result()

    fault = faults.add
    troubles: Troubles = {
        "switches are not done": lambda endpoint: fault("silent_no_op", path=f"batchEndpoints/{endpoint}$", times=5),
        "an answer to a switch is lost": lambda endpoint: fault(
            "lost_answer", method="PUT", path=f"batchEndpoints/{endpoint}$", times=1
        ),
        "an answer to a deployment is lost": lambda endpoint: fault(
            "lost_answer", method="PUT", path=f"{endpoint}/deployments/", times=1
        ),
        "an answer to a removal is lost": lambda endpoint: fault(
            "lost_answer", method="DELETE", path=f"{endpoint}/deployments/", times=1
        ),
        "a removal fails": lambda endpoint: fault(
            "failed_operation", method="delete", path=f"{endpoint}/deployments/", times=1
        ),
    }
    with stage_lease(site.ledger, name, "test", NEWEST) as held:
        yield There(
            tiny,
            lambda: BatchEndpoints(declared_workload(name), site.test, target),
            held,
            models,
            by_hand,
            fence,
            troubles,
            faults.clear,
        )


def test_a_deployment_is_made_once_and_says_what_served_before_it(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    made = platform.deploy(there.request(1))
    assert made == platform.deploy(there.request(1)) == platform.find(endpoint, ONE)
    assert (made.state, model_of(made)) == ("Succeeded", (there.models[0].model_name, "1"))
    assert made.tags[PREVIOUS] == NO_PREVIOUS
    assert made.environment
    assert platform.serving(endpoint) is None
    with pytest.raises(Terminal, match=f"deployment {ONE} of {endpoint} serves .*made by something else"):
        platform.deploy(there.request(1, model=1))
    platform.switch(there.held, endpoint, ONE)
    assert platform.deploy(there.request(2, model=1)).tags[PREVIOUS] == ONE
    assert there.names() == {ONE, TWO}
    with pytest.raises(Terminal):
        platform.switch(there.held, endpoint, THREE)  # it was never made
    assert platform.serving(endpoint) == ONE


def test_where_nothing_served_nothing_serves_again_and_what_is_by_hand_stays(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    platform.switch(there.held, endpoint, None)  # nothing is there: nothing to do
    with pytest.raises(Terminal, match=f"{endpoint} is gone, so it cannot serve {ONE}"):
        platform.switch(there.held, endpoint, ONE)
    made = platform.deploy(there.request(1))
    platform.switch(there.held, endpoint, None)  # nothing serves: it stays to be looked at
    assert there.names() == {ONE}
    platform.deploy(there.request(2))
    platform.switch(there.held, endpoint, TWO)
    there.by_hand(endpoint, made, "by-hand")
    with pytest.raises(
        Terminal, match=f"{endpoint} served nothing before, and no release made by-hand, so the endpoint is not deleted"
    ):
        platform.switch(there.held, endpoint, None)
    assert (platform.serving(endpoint), there.names()) == (TWO, {ONE, TWO, "by-hand"})
    platform.remove(there.held, endpoint, "by-hand")
    platform.switch(there.held, endpoint, None)
    assert (platform.serving(endpoint), platform.deployments(endpoint)) == (None, ())


def test_who_switched_later_is_known_by_the_fencing_token(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    for number in (1, 2):
        platform.deploy(there.request(number))
    platform.switch(there.held, endpoint, ONE)
    there.fence(endpoint, str(2**40))
    with pytest.raises(StageLost, match=f"{endpoint} was switched by a later holder"):
        platform.switch(there.held, endpoint, TWO)
    with pytest.raises(StageLost, match=f"{endpoint} was switched by a later holder"):
        platform.remove(there.held, endpoint, TWO)
    there.fence(endpoint, "by hand")
    for act in (platform.switch, platform.remove):
        with pytest.raises(
            Terminal, match=f"tag {FENCE} of endpoint {endpoint} is 'by hand', which is not a fencing token"
        ):
            act(there.held, endpoint, TWO)
    assert (platform.serving(endpoint), there.names()) == (ONE, {ONE, TWO})


def test_nothing_is_touched_by_who_lost_the_stage(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    platform, endpoint = there.platform, there.endpoint
    for number in (1, 2):
        platform.deploy(there.request(number))
    platform.switch(there.held, endpoint, ONE)

    def lost() -> None:
        raise StageLost("stage test was taken by another run")

    monkeypatch.setattr(there.held, "check", lost)
    for name in (TWO, None):
        with pytest.raises(StageLost):
            platform.switch(there.held, endpoint, name)
    with pytest.raises(StageLost):
        platform.remove(there.held, endpoint, TWO)
    assert (platform.serving(endpoint), there.names()) == (ONE, {ONE, TWO})


def test_what_serves_is_not_removed_and_what_is_gone_is_what_was_wanted(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    platform.remove(there.held, endpoint, ONE)  # no endpoint
    assert platform.remove_endpoint(there.held, endpoint, "20260101.1")
    for number in (1, 2):
        platform.deploy(there.request(number))
    platform.switch(there.held, endpoint, TWO)
    for name in (TWO, TWO.capitalize()):
        with pytest.raises(Terminal, match="serves, so it is not removed; switch to another one first"):
            platform.remove(there.held, endpoint, name)
    for _ in range(2):
        platform.remove(there.held, endpoint, ONE)
    assert there.names() == {TWO}
    assert not platform.remove_endpoint(there.held, endpoint, "20260101.1")  # it serves


def test_an_endpoint_is_removed_by_the_release_that_made_it_once_it_has_nothing(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    platform.deploy(there.request(1))
    assert not platform.remove_endpoint(there.held, endpoint, "20260101.1")  # from under a deployment
    platform.remove(there.held, endpoint, ONE)
    assert not platform.remove_endpoint(there.held, endpoint, "20260101.2")  # another one made it
    assert platform.remove_endpoint(there.held, endpoint, "20260101.1")
    platform.deploy(there.request(2))
    assert platform.remove_endpoint(there.held, endpoint, "20260101.1") is False


@pytest.mark.parametrize("what", ["deployment", "switch", "removal"])
def test_what_is_done_is_done_though_its_answer_is_lost(there: There, what: str) -> None:
    platform, endpoint = there.platform, there.endpoint
    platform.deploy(there.request(1))

    @flow
    def tried_again() -> None:
        with there.trouble(f"an answer to a {what} is lost"):
            deploy(platform, there.request(2))
            switch(platform, there.held, endpoint, TWO)
            remove_deployment(platform, there.held, endpoint, ONE)

    tried_again()
    assert (platform.serving(endpoint), there.names()) == (TWO, {TWO})


def test_a_switch_may_be_accepted_and_not_done(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    for number in (1, 2):
        platform.deploy(there.request(number))
    platform.switch(there.held, endpoint, ONE)
    with there.trouble("switches are not done"):
        platform.switch(there.held, endpoint, TWO)
        assert platform.serving(endpoint) == ONE
    platform.switch(there.held, endpoint, TWO)
    assert platform.serving(endpoint) == TWO


def test_a_removal_that_fails_is_a_definite_no_and_can_be_asked_for_again(there: There) -> None:
    platform, endpoint = there.platform, there.endpoint
    platform.deploy(there.request(1))
    with there.trouble("a removal fails"), pytest.raises(Terminal):
        platform.remove(there.held, endpoint, ONE)
    assert there.names() == {ONE}
    platform.remove(there.held, endpoint, ONE)
    assert there.names() == set()


def test_a_smoke_test_scores_with_the_script_of_its_deployment(there: There) -> None:
    endpoint, (unit, other) = there.endpoint, there.tiny.units()
    there.platform.deploy(there.request(1))
    there.platform.switch(there.held, endpoint, ONE)
    there.tiny.declare(score=GOOD.replace("return", "raise ValueError('no such column')\n    return"))
    there.platform.deploy(there.request(2))
    there.tiny.declare(columns=("only one",))
    platform, test = there.platform, there.smoke
    for name in (ONE, None):  # what serves is asked, and not what was deployed last
        verdict = platform.smoke(test, unit, endpoint, name)
        assert (verdict.unit, verdict.passed) == (unit, True)
        assert [warning.partition(":")[0] for warning in verdict.warnings] == ["Schema"]
    assert re.match("Job status: Failed", platform.smoke(test, unit, endpoint, TWO).failures[0])
    nowhere = test.model_copy(update={"data": test.data.replace("test-data", "nowhere")})
    with pytest.raises(Terminal, match=f"{other} has no test data: .*nowhere/{other}/ in mlw-test is empty"):
        platform.smoke(nowhere, other, endpoint, ONE)


@pytest.mark.parametrize("there", ["azure"], indirect=True)  # its jobs run in processes, with logs and a time limit
@pytest.mark.parametrize(
    ("score", "told"),
    [
        (GOOD.replace("return", "import time\n    time.sleep(60)\n    return"), "Job status: Failed"),
        ("def init():\n    raise RuntimeError('no model')\ndef run(files):\n    return files\n", "Job status: Failed"),
        (GOOD.replace('[f"row {n}.5" for n in range(len(files))]', "[]"), "Job status: Failed"),
        (GOOD.replace("return", "print('ERROR sensor drift')\n    return"), "Errors in logs: .*ERROR sensor drift"),
        (
            GOOD.replace("return", "raise ValueError('no wind')\n    return"),
            r"Errors in logs: ValueError: no wind \(score\.py, line \d+\)",
        ),
        ("import no_such_package\n", r"Errors in logs: ModuleNotFoundError: .* \(score\.py, line 1\)"),
    ],
    ids=["hangs", "cannot start", "writes nothing", "logs an error", "raises", "cannot be imported"],
)
def test_scoring_that_goes_wrong_does_not_pass(there: There, score: str, told: str) -> None:
    there.tiny.declare(score=score)
    there.platform.deploy(there.request(1))
    verdict = there.platform.smoke(there.smoke, there.tiny.units()[0], there.endpoint, ONE)
    assert not verdict.passed
    assert any(re.match(told, failure) for failure in verdict.failures), verdict.failures


@pytest.mark.parametrize("there", ["azure"], indirect=True)
def test_a_job_that_takes_too_long_is_cancelled_and_does_not_pass(there: There) -> None:
    there.tiny.declare(score=GOOD.replace("pass", "import time\n    time.sleep(120)"), minutes=0.03)
    there.platform.deploy(there.request(1))
    verdict = there.platform.smoke(there.smoke, there.tiny.units()[0], there.endpoint, ONE)
    assert verdict.failures[0].startswith("Job status: TimedOut")


@pytest.mark.parametrize("there", ["azure"], indirect=True)
def test_the_default_is_asked_and_not_whatever_deployment_was_asked_before(there: There) -> None:
    """The SDK keeps the deployment that it asked last, for whatever endpoint comes next."""
    platform, endpoint, (_, other) = there.platform, there.endpoint, there.tiny.units()
    elsewhere = platform.endpoint(other)
    for at in (endpoint, elsewhere):
        for number in (1, 2):
            platform.deploy(replace(there.request(number), endpoint=at))
        platform.switch(there.held, at, TWO)
    platform.remove(there.held, elsewhere, ONE)
    data = there.smoke.data_for(there.tiny.units()[0])
    invoke(platform.workspace, endpoint, ONE, data)
    assert invoke(platform.workspace, elsewhere, None, data)  # Azure would refuse ONE, which is gone there
