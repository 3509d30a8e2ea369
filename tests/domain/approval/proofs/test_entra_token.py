"""Tokens of Entra ID: only what the account's own tenant has signed counts, with the key that it published then."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.approval.proofs.entra_token import EntraAccount, EntraProof, TenantKeys, fault_of_token, key_id
from domain.approval.statement import Statement

Proofs = Callable[..., EntraProof]
Claims = Callable[..., dict[str, Any]]
Judge = Callable[..., str]
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
NO_KEY = "no RS256 key that tenant aaaaaaaa-1111-4111-8111-111111111111 publishes signed the token"
UNSIGNED = "the token is not valid: Signature verification failed"
ANOTHER_KEY = (
    "key k1 of tenant aaaaaaaa-1111-4111-8111-111111111111 is not the key that it was when the decision was made"
)


@pytest.fixture
def fault(account: EntraAccount, published: dict[str, Any], statement: Callable[..., Statement]) -> Judge:
    """Why a proof does not hold for ada's statement."""

    def judge(proof: EntraProof, keys: TenantKeys | None = None) -> str:
        known = {account.tenant_id: {"k1": published}} if keys is None else keys
        return fault_of_token(proof, statement(), account, known, NOON)

    return judge


def encoded(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(dict(part)).encode()).decode().rstrip("=")


def by_hand(header: Mapping[str, Any], said: Mapping[str, Any], secret: bytes | None = None) -> str:
    """A token that no library would make: HS256 with the secret, or no signature."""
    text = f"{encoded(header)}.{encoded(said)}"
    signature = b"" if secret is None else hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_what_the_tenant_has_signed_holds(fault: Judge, token: Proofs, claims: Claims) -> None:
    assert fault(token(claims())) == ""


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none", "kid": "k1"}, NO_KEY),
        ({"alg": "NONE", "kid": "k1"}, NO_KEY),
        ({"alg": "none"}, NO_KEY),
        ({"kid": "k1"}, NO_KEY),
        ({"alg": "RS256", "kid": "k1"}, UNSIGNED),
        ({"alg": "RS256"}, NO_KEY),
    ],
)
def test_a_token_without_a_signature_is_refused(
    fault: Judge, claims: Claims, published: dict[str, Any], header: dict[str, str], why: str
) -> None:
    assert fault(EntraProof(token=by_hand(header, claims()), key=published)) == why


@pytest.mark.parametrize(("algorithm", "why"), [("HS256", NO_KEY), ("RS256", UNSIGNED)])
@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    fault: Judge,
    claims: Claims,
    published: dict[str, Any],
    tenant_key: RSAPrivateKey,
    algorithm: str,
    why: str,
    form: PublicFormat,
    end: bytes,
) -> None:
    secret = tenant_key.public_key().public_bytes(Encoding.PEM, form).strip() + end
    forged = by_hand({"alg": algorithm, "kid": "k1"}, claims(), secret)
    assert fault(EntraProof(token=forged, key=published)) == why


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_another_algorithm_of_the_tenants_key_is_refused(
    fault: Judge, claims: Claims, published: dict[str, Any], tenant_key: RSAPrivateKey, algorithm: str
) -> None:
    signed = jwt.encode(claims(), tenant_key, algorithm=algorithm, headers={"kid": "k1"})
    assert fault(EntraProof(token=signed, key=published)) == NO_KEY


def test_a_token_signed_by_somebody_else_is_refused(fault: Judge, claims: Claims, published: dict[str, Any]) -> None:
    theirs = generate_private_key(public_exponent=65537, key_size=2048)
    own = jwt.algorithms.RSAAlgorithm.to_jwk(theirs.public_key(), as_dict=True)
    for header in ({}, {"jwk": own}, {"jku": "https://example.org/keys"}, {"x5u": "https://example.org/keys"}):
        signed = jwt.encode(claims(), theirs, algorithm="RS256", headers={"kid": "k1", **header})
        assert fault(EntraProof(token=signed, key=published)) == UNSIGNED
        assert fault(EntraProof(token=signed, key={**own, "kid": "k1"})) == ANOTHER_KEY


@pytest.mark.parametrize("place", [0, 1])
def test_a_token_of_which_a_part_was_replaced_is_refused(
    fault: Judge, claims: Claims, token: Proofs, published: dict[str, Any], place: int
) -> None:
    parts = token(claims()).token.split(".")
    parts[place] = token(claims(name="x"), x=1).token.split(".")[place]
    assert fault(EntraProof(token=".".join(parts), key=published)) == UNSIGNED


def test_a_key_id_that_is_not_published_is_refused(
    fault: Judge, account: EntraAccount, claims: Claims, token: Proofs, published: dict[str, Any]
) -> None:
    assert fault(token(claims(), kid="k2")) == NO_KEY
    assert fault(token(claims()), {}) == NO_KEY
    assert fault(token(claims()), {account.tenant_id: {}}) == NO_KEY
    assert fault(token(claims()), {account.tenant_id: {"": published}}) == NO_KEY
    assert fault(token(claims()), {"bbbbbbbb-9999-4999-8999-999999999999": {"k1": published}}) == NO_KEY


def test_a_token_without_a_key_id_is_refused_whatever_is_published(
    fault: Judge, account: EntraAccount, claims: Claims, tenant_key: RSAPrivateKey, published: dict[str, Any]
) -> None:
    signed = jwt.encode(claims(), tenant_key, algorithm="RS256")
    assert fault(EntraProof(token=signed, key=published)) == NO_KEY
    for name in ("", "None", "null"):
        assert fault(EntraProof(token=signed, key=published), {account.tenant_id: {name: published}}) == NO_KEY


@pytest.mark.parametrize("part", ["kty", "n", "e"])
def test_a_key_that_is_another_one_than_when_it_was_decided_is_refused(
    fault: Judge, account: EntraAccount, claims: Claims, token: Proofs, published: dict[str, Any], part: str
) -> None:
    good = token(claims())
    assert fault(good.model_copy(update={"key": {**published, part: "AAAA"}})) == ANOTHER_KEY
    assert fault(good.model_copy(update={"key": {n: v for n, v in published.items() if n != part}})) == ANOTHER_KEY
    assert fault(good, {account.tenant_id: {"k1": {**published, part: "AAAA"}}}) == ANOTHER_KEY


def test_what_else_the_tenant_says_about_its_key_may_change(
    fault: Judge, claims: Claims, token: Proofs, published: dict[str, Any]
) -> None:
    assert fault(token(claims()).model_copy(update={"key": {**published, "x5c": ["AAAA"], "alg": "RS256"}})) == ""


@pytest.mark.parametrize("published_key", [{}, {"kty": "oct", "k": "AAAA"}, {"kty": "EC"}, {"kty": "RSA", "n": "AQAB"}])
def test_a_published_key_that_is_no_rsa_key_is_refused(
    fault: Judge, account: EntraAccount, claims: Claims, token: Proofs, published_key: dict[str, str]
) -> None:
    proof = token(claims()).model_copy(update={"key": published_key})
    assert fault(proof, {account.tenant_id: {"k1": published_key}}).startswith("the token is not valid: ")


def test_the_key_id_is_that_of_an_rs256_token(claims: Claims, token: Proofs) -> None:
    assert key_id(token(claims()).token) == "k1"
    assert key_id(by_hand({"alg": "HS256", "kid": "k1"}, {})) is None
    assert key_id(by_hand({"alg": "RS256"}, {})) is None
    for no_text in (7, None, True, ["k1"], {"k1": "k1"}):
        assert key_id(by_hand({"alg": "RS256", "kid": no_text}, {})) is None
    assert key_id(by_hand({"alg": ["RS256"], "kid": "k1"}, {})) is None
    assert key_id(by_hand({"alg": "RS256", "kid": ""}, {})) == ""


@pytest.mark.parametrize(
    "text", ["", ".", "..", "123456", "a.b.c", "é.é.é", "\ud800.a.b", "\0", "e30.e30.e30", "W10.e30.AA", "A" * 10**6]
)
def test_what_is_no_token_has_no_key_id(text: str) -> None:
    assert key_id(text) is None


@pytest.mark.parametrize("opening", [b"[", b'{"alg":', b'{"kid":"k1","alg":"RS256","x":['])
def test_a_header_that_is_nested_without_end_has_no_key_id(opening: bytes) -> None:
    assert key_id(f"{urlsafe_b64encode(opening * 4000).decode()}.e30.AA") is None
