"""A release of two circuits, the facts of its way, and who decides about it, for tests of the rules."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from domain.approval.proofs.entra_token import EntraAccount, EntraProof
from domain.approval.statement import Statement
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release

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


@pytest.fixture(scope="session")
def account() -> EntraAccount:
    """Ada's, enrolled the day before."""
    return EntraAccount(
        tenant_id="aaaaaaaa-1111-4111-8111-111111111111",
        object_id="aaaaaaaa-2222-4222-8222-222222222222",
        audience="33333333-3333-4333-8333-333333333333",
        group_id="aaaaaaaa-4444-4444-8444-444444444444",
        enrolled_at=NOON - timedelta(days=1),
    )


@pytest.fixture(scope="session")
def tenant_key() -> RSAPrivateKey:
    """What the tenant signs with."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def published(tenant_key: RSAPrivateKey) -> dict[str, Any]:
    """The key as the tenant publishes it, under the id k1."""
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(tenant_key.public_key(), as_dict=True), "kid": "k1", "use": "sig"}


@pytest.fixture(scope="session")
def claims(account: EntraAccount, statement: Callable[..., Statement]) -> Callable[..., dict[str, Any]]:
    """Make what a token of ada's says about the statement, issued a minute ago; None leaves a claim out."""

    def make(**given: Any) -> dict[str, Any]:
        seconds = int(NOON.timestamp())
        said = {
            "aud": account.audience,
            "iss": f"https://login.microsoftonline.com/{account.tenant_id}/v2.0",
            "iat": seconds - 60,
            "nbf": seconds - 60,
            "exp": seconds + 3600,
            "tid": account.tenant_id,
            "oid": account.object_id,
            "groups": ["bbbbbbbb-9999-4999-8999-999999999999", account.group_id],
            "nonce": statement().nonce,
        }
        return {name: value for name, value in (said | given).items() if value is not None}

    return make


@pytest.fixture(scope="session")
def token(tenant_key: RSAPrivateKey, published: dict[str, Any]) -> Callable[..., EntraProof]:
    """Make a proof of claims that the tenant has signed; the header can be given."""

    def make(said: dict[str, Any], **header: Any) -> EntraProof:
        signed = jwt.encode(said, tenant_key, algorithm="RS256", headers={"kid": "k1", **header})
        return EntraProof(token=signed, key=published)

    return make
