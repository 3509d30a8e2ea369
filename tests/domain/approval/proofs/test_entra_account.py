"""An account as it is enrolled, and what a kept token tells of itself before anything is proven."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from pydantic import ValidationError

from domain.approval.proofs.entra_token import EntraAccount, EntraProof, token_digest

TENANT = "aaaaaaaa-1111-4111-8111-111111111111"
PERSON = "aaaaaaaa-2222-4222-8222-222222222222"


def test_an_account_says_who_issues_its_tokens(account: EntraAccount) -> None:
    assert account.id == f"entra:{TENANT}/{PERSON}"
    assert account.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert account.revoked_at is None


@pytest.mark.parametrize("field", ["tenant_id", "object_id", "group_id"])
def test_ids_are_compared_in_lower_case(account: EntraAccount, field: str) -> None:
    kept = account.model_dump()
    assert EntraAccount.model_validate(kept | {field: kept[field].upper()}) == account


@pytest.mark.parametrize("field", ["tenant_id", "object_id", "group_id"])
@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "common",
        TENANT.replace("-", ""),
        TENANT[:-1],
        f"{TENANT}1",
        f"{TENANT}\n",
        f"{{{TENANT}}}",
        f"{TENANT}/../x",
        TENANT.replace("a", "g"),
        TENANT.replace("-", "/"),
        TENANT[9:],
        f"1111-{TENANT}",
    ],
)
def test_an_id_has_one_shape(account: EntraAccount, field: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=field):
        EntraAccount.model_validate(account.model_dump() | {field: wrong})


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (200, True), (201, False)])
def test_an_audience_has_1_to_200_characters(account: EntraAccount, length: int, fits: bool) -> None:
    given = account.model_dump() | {"audience": "a" * length}
    if fits:
        assert len(EntraAccount.model_validate(given).audience) == length
    else:
        with pytest.raises(ValidationError, match="audience"):
            EntraAccount.model_validate(given)


def test_what_is_kept_has_one_shape(account: EntraAccount) -> None:
    with pytest.raises(ValidationError):
        EntraAccount.model_validate(account.model_dump() | {"secret": "x"})
    with pytest.raises(ValidationError):
        account.group_id = PERSON  # type: ignore[misc]  # this is what must fail
    assert len(EntraProof(token="x" * 16_000, key={}).token) == 16_000
    with pytest.raises(ValidationError, match="at most 16000 characters"):
        EntraProof(token="x" * 16_001, key={})
    with pytest.raises(ValidationError):
        EntraProof.model_validate({"token": "x", "key": {}, "claims": {}})
    with pytest.raises(ValidationError):
        EntraProof(token="x", key={}).key = {}  # type: ignore[misc]  # this is what must fail


def test_a_token_is_not_printed(token: Callable[..., EntraProof], claims: Callable[..., dict[str, Any]]) -> None:
    proof = token(claims())
    assert proof.token not in repr(proof) and proof.token not in str(proof)


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


HEADER = encoded(b'{"alg":"RS256"}')


@pytest.mark.parametrize("claimed", [TENANT, "", "x", 7])
def test_a_token_says_its_tenant_without_proving_it(claimed: Any) -> None:
    said = {"tid": claimed, "exp": 1, "aud": "x", "nbf": 10**10}
    unsigned = f"{HEADER}.{encoded(json.dumps(said).encode())}.AA"
    assert EntraProof(token=unsigned, key={}).tenant_id == str(claimed)
    assert EntraProof(token=jwt.encode({}, None, algorithm="none"), key={}).tenant_id == ""


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"\xff", b'{"a":' * 2000])
def test_a_token_without_claims_says_no_tenant(payload: bytes) -> None:
    unsigned = f"{HEADER}.{encoded(payload)}.AA"
    assert EntraProof(token=unsigned, key={}).tenant_id == ""
    assert EntraProof(token="no token", key={}).tenant_id == ""


def test_a_token_is_named_by_what_is_signed() -> None:
    digest = token_digest("head.body.signature")
    assert digest == sha256(b"head.body").hexdigest()
    assert token_digest("head.body.respelt") == digest
    assert token_digest("head.other.signature") != digest
    assert token_digest("other.body.signature") != digest
