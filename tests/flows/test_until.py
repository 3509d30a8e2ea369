"""A release that ends below the last stage, and stages that cannot be reached here: no cluster is needed for either."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from charted import Charted
from served import Served

from deployments.laptop.reachable_stages import reachable_stages
from domain.errors import Terminal
from flows.release import release
from tasks import workloads
from tasks.targets.kubernetes import access
from tasks.workloads import declared_workload

pytestmark = pytest.mark.usefixtures("site")
NOWHERE = b"""
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
"""


class Reaching(Charted):
    """Dev on a container instance, production on a cluster."""

    def declared_stages(
        self, hours: float | None, notify: tuple[str, ...], ready_minutes: float
    ) -> list[Mapping[str, Any]]:
        dev = Served.declared_stages(self, hours, notify, ready_minutes)[0]
        return [dev, *super().declared_stages(hours, notify, ready_minutes)]


@pytest.fixture
def reaching(unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reaching:
    """A workload whose cluster does not answer."""
    name = f"reaching{unique}"
    monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
    monkeypatch.setattr(access, "_credentials", lambda block: NOWHERE)
    made = Reaching(name, tmp_path / name, ("A1",), cluster="production")
    made.declare()
    return made


def test_the_stages_end_here_below_what_cannot_be_reached(reaching: Reaching) -> None:
    here, [missing] = reachable_stages(declared_workload(reaching.name))
    assert [stage.name for stage in here.stages] == ["registry", "images", "dev"]
    assert missing.startswith(
        "stage production: aks-mlops-prod/default could not be reached while listing Helm releases"
    )


def test_where_no_stage_can_serve_nothing_is_released(reaching: Reaching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "declared_stages", lambda *asked: Charted.declared_stages(reaching, *asked))
    reaching.declare()
    with pytest.raises(
        Terminal, match=rf"no stage of {reaching.name} can serve here: stage production: .*Is the cluster running"
    ):
        reachable_stages(declared_workload(reaching.name))


def test_it_is_released_as_far_as_is_asked_for_and_then_further(
    reaching: Reaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = reaching.candidates()
    with pytest.raises(Terminal, match=r"the release cannot start:\n  stage production: .*Is the cluster running\?"):
        release(reaching.name, changed.build_id, "linus")
    for _ in range(2):
        state = release(reaching.name, changed.build_id, "linus", "dev", return_state=True)
        assert state.name == "Succeeded", state.message
    assert reaching.ask("dev")["version"] == changed.circuits[0].model_version
    monkeypatch.setattr(reaching, "declared_stages", lambda *_: Served.declared_stages(reaching, 24, (), 1))
    reaching.declare()  # what could not be reached is another stage now
    state = release(reaching.name, changed.build_id, "linus", return_state=True)
    assert state.name == "Succeeded", state.message
    assert reaching.ask("qa")["version"] == changed.circuits[0].model_version


def test_a_stage_that_is_not_there_is_said(reaching: Reaching) -> None:
    with pytest.raises(Terminal, match="has no stage 'prod'"):
        release(reaching.name, reaching.candidates().build_id, "linus", "prod")


def test_a_cluster_that_does_not_answer_is_a_finding(reaching: Reaching) -> None:
    [finding] = reaching.releases().diagnose(declared_workload(reaching.name).stage("production"), {})
    assert finding.what == "cluster aks-mlops-prod/default"
    assert not finding.healthy
