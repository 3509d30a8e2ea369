"""A release of two circuits, and the facts of its way, for tests of the rules."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.fact import Fact, Kind
from domain.release import Release
from domain.statement import Statement

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def circuit() -> Callable[..., ChangedCircuit]:
    """Make a changed circuit; any field can be given."""

    def make(**given: Any) -> ChangedCircuit:
        number = given.pop("number", 1)
        fields = {
            "plant_id": "PLANT001",
            "circuit_id": f"CIRCUIT{number:02d}",
            "model_name": f"plant001-circuit{number:02d}",
            "model_version": "3",
            "model_digest": "sha256:" + "a" * 64,
            "data_asset": f"PLANT001_CIRCUIT{number:02d}:2025-11-01",
            "cutoff_date": date(2025, 11, 1),
            "data_report_digest": "sha256:" + "b" * 64,
            "training_job": "train-1",
            "metrics": {"rmse": 1.5, "rows": 4032},
            "champion_version": "2",
            "champion_metrics": {"rmse": 2.0, "rows": 4032},
        }
        return ChangedCircuit.model_validate(fields | given)

    return make


@pytest.fixture(scope="session")
def changed(circuit: Callable[..., ChangedCircuit]) -> ChangedCircuits:
    """changed_circuits.json of two circuits."""
    return ChangedCircuits(
        workload="plants", build_id="12345", code_commit="c0ffee", circuits=(circuit(number=2), circuit(number=1))
    )


@pytest.fixture(scope="session")
def release(changed: ChangedCircuits) -> Release:
    """Release 20251210.1 of those."""
    return Release.of(changed, "20251210.1", NOON, "ann")


@pytest.fixture(scope="session")
def chain(release: Release) -> Callable[..., tuple[Fact, ...]]:
    """Make a chain of facts of the release: (kind, body) pairs, a minute apart."""

    def make(*events: tuple[Kind, dict[str, Any]]) -> tuple[Fact, ...]:
        facts: list[Fact] = []
        for minute, (kind, body) in enumerate(events):
            last = facts[-1] if facts else None
            at = NOON + timedelta(minutes=minute)
            facts.append(Fact.after(last, workload=release.workload, release=release.name, kind=kind, at=at, body=body))
        return tuple(facts)

    return make


@pytest.fixture(scope="session")
def statement() -> Callable[..., Statement]:
    """Make ada's statement about the release; any field can be given."""

    def make(**given: Any) -> Statement:
        fields = {
            "workload": "plants",
            "release": "20251210.1",
            "release_digest": "sha256:" + "1" * 64,
            "stage": "production",
            "gate": "Production-Approval",
            "policy_digest": "sha256:" + "2" * 64,
            "report_digest": "sha256:" + "3" * 64,
            "asked": "sha256:" + "4" * 64,
            "choice": "approve",
            "approver": "ada",
            "comment": "metrics are better",
            "expires_at": NOON + timedelta(days=1),
        }
        return Statement.model_validate(fields | given)

    return make
