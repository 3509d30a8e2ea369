"""The Flask application on a real cluster: real flights, training, image, manifest, smoke test, and back again. (Seed 003.)"""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.states import State
from real_cluster import needs_cluster, own_namespace, save_cluster
from tiny import APPROVE, answering

from blocks.kubernetes_cluster import KubernetesCluster
from blocks.loading import loaded
from deployments.laptop.data import seed_data
from flows.extract_prepare import extract_prepare
from flows.release import release
from flows.rollback import rollback
from flows.train_register import train_register
from tasks import workloads
from tasks.targets.kubernetes.access import access
from tasks.targets.kubernetes.kubectl import port_forward
from tasks.workloads import declared_workload

pytestmark = [*needs_cluster, pytest.mark.usefixtures("site")]
NAME = "flask_app"


@pytest.fixture
def production(site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesCluster]:
    """Where the application as it is declared serves, but for its cluster's block, which means a namespace of this test's own."""
    for folder in (NAME, "included"):
        shutil.copytree(workloads.WORKLOADS / folder, tmp_path / folder)
    with own_namespace("flask-app") as namespace:
        save_cluster(namespace, namespace=namespace)
        file = tmp_path / NAME / "workload.yaml"
        file.write_text(file.read_text().replace("cluster: production", f"cluster: {namespace}"))
        monkeypatch.setattr(workloads, "WORKLOADS", tmp_path)
        yield loaded(KubernetesCluster, namespace)


def carry(cutoff: date) -> None:
    """From raw data to production."""
    prepared = extract_prepare(NAME, cutoff)
    assert [str(one.unit) for one in prepared] == ["NYC/AIRTIME"]
    changed = train_register(NAME, cutoff)
    assert changed is not None
    approver, _ = answering(APPROVE)
    with approver:
        state: State[str] = release(NAME, changed.build_id, "linus", return_state=True)
    assert state.name == "Succeeded", state.message


def asked(block: KubernetesCluster) -> dict[str, Any]:
    """What it answers to the declared question."""
    question = json.loads((declared_workload(NAME).folder / "question.json").read_text())
    with access(block) as there, port_forward(there, "service/app-nyc-airtime", 80) as address:
        answer = requests.post(f"{address}/predict", json=question, timeout=10)
        refused = requests.post(f"{address}/predict", json={"flights": []}, timeout=10)
    assert (answer.status_code, refused.status_code) == (200, 422)
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.long
@pytest.mark.timeout(900)  # it trains on real data and builds real images
def test_from_flights_to_predictions_a_better_model_and_back(production: KubernetesCluster) -> None:
    seed_data(declared_workload(NAME), lambda line: None)
    carry(date(2013, 3, 31))
    first = asked(production)
    assert first["model"] == {"name": "nyc-airtime", "version": "1"}
    assert 280 < first["predictions"][0]["minutes"] < 420
    assert first["predictions"][0]["outside_training"] == ["month"]
    carry(date(2013, 7, 31))
    second = asked(production)
    assert second["model"]["version"] == "2"
    assert second["predictions"][0]["outside_training"] == []
    rollback(NAME, "production", reason="odd", dry_run=False)
    assert asked(production) == first
