"""Whose credential proves a decision: the approver's own, enrolled and not revoked, or the reason why none does."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from struct import pack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision, proven_by
from domain.approval.proofs.enrolment import Credential, Enrolment
from domain.approval.proofs.entra_token import EntraAccount, EntraProof
from domain.approval.proofs.one_time_code import CodeGenerator, CodeProof, signed, verification_key
from domain.approval.proofs.ssh_signature import SshKey, SshProof
from domain.approval.statement import NAMESPACE, Statement

Make = Callable[..., Statement]
Decide = Callable[..., Decision]
WAYS = ("ssh", "code", "entra")
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
YESTERDAY = NOON - timedelta(days=1)
STEP = int(NOON.timestamp()) // 30
SECRETS = {"ada": "A" * 32, "bob": "B" * 32}
KEYS = {name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)) for name in ("ada", "bob")}


def string(content: bytes) -> bytes:
    return pack(">I", len(content)) + content


def point(name: str) -> bytes:
    return string(b"ssh-ed25519") + string(KEYS[name].public_key().public_bytes_raw())


def signature(name: str, text: str) -> SshProof:
    """As ssh-keygen makes it; tests/domain/approval/test_ssh_signature.py has those that it made."""
    common = string(NAMESPACE.encode()) + string(b"") + string(b"sha512")
    made = KEYS[name].sign(b"SSHSIG" + common + string(sha512(text.encode()).digest()))
    blob = b"SSHSIG" + pack(">I", 1) + string(point(name)) + common
    blob += string(string(b"ssh-ed25519") + string(made))
    return SshProof(
        signature=f"-----BEGIN SSH SIGNATURE-----\n{b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"
    )


def credential(way: str, name: str, account: EntraAccount) -> Credential:
    if way == "ssh":
        return SshKey(public_key=f"ssh-ed25519 {b64encode(point(name)).decode()}", enrolled_at=YESTERDAY)
    if way == "code":
        return CodeGenerator(secret_block="code", public_key=verification_key(SECRETS[name]), enrolled_at=YESTERDAY)
    person = "aaaaaaaa-2222-4222-8222-222222222222" if name == "ada" else "bbbbbbbb-2222-4222-8222-222222222222"
    return account.model_copy(update={"object_id": person})


@pytest.fixture
def decide(
    statement: Make,
    account: EntraAccount,
    token: Callable[..., EntraProof],
    claims: Callable[..., dict[str, Any]],
) -> Decide:
    """Make a decision, proven in a way by a credential of `by`; other fields are the statement's."""

    def make(way: str, by: str = "ada", at: datetime = NOON, **given: Any) -> Decision:
        said = statement(**given)
        proof: SshProof | CodeProof | EntraProof
        if way == "ssh":
            proof = signature(by, said.text)
        elif way == "code":
            proof = signed(SECRETS[by], said, STEP)
        else:
            who = credential("entra", by, account)
            assert isinstance(who, EntraAccount)
            proof = token(claims(oid=who.object_id, nonce=said.nonce))
        return Decision(stage=said.stage, statement=said, proof=proof, decided_at=at)

    return make


@pytest.fixture
def approvers(account: EntraAccount, published: dict[str, Any]) -> Callable[..., EnrolledApprovers]:
    """Make approvers of people with the credentials given."""

    def make(**people: list[Credential]) -> EnrolledApprovers:
        enrolled = {name: Enrolment(name=name, credentials=tuple(given)) for name, given in people.items()}
        return EnrolledApprovers({"engineers": frozenset(people)}, enrolled, {account.tenant_id: {"k1": published}})

    return make


@pytest.fixture
def own(account: EntraAccount) -> Callable[[str, str], Credential]:
    """A credential of a person, by way and name."""
    return lambda way, name: credential(way, name, account)


@pytest.mark.parametrize("way", WAYS)
def test_the_approvers_own_credential_proves_it(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    others = [own(other, "ada") for other in WAYS if other != way]
    for both in ([own(way, "bob"), own(way, "ada")], [own(way, "ada"), own(way, "bob")]):
        assert proven_by(decide(way), approvers(ada=[*others, *both])) == own(way, "ada")


NOT_OWN = {
    "ssh": "the key that signed is not enrolled by ada; enrol it with `signalbox enrol ada --ssh FILE`",
    "code": f"ada has enrolled no authenticator code:{verification_key(SECRETS['bob'])[:16]}",
    "entra": "the token is for a different account from the one ada enrolled",
}
NONE = NOT_OWN | {
    "entra": "ada has enrolled no Entra ID account; use `signalbox enrol NAME --entra TENANT/OBJECT/AUDIENCE/GROUP`"
}


@pytest.mark.parametrize("way", WAYS)
def test_another_persons_credential_does_not(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    people = approvers(ada=[own(one, "ada") for one in WAYS], bob=[own(one, "bob") for one in WAYS])
    assert proven_by(decide(way, by="bob"), people) == NOT_OWN[way]


@pytest.mark.parametrize("way", WAYS)
def test_a_credential_that_is_not_enrolled_does_not(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    others = [own(other, "bob") for other in WAYS if other != way]
    assert proven_by(decide(way, by="bob"), approvers(ada=[])) == NONE[way]
    assert proven_by(decide(way, by="bob"), approvers(ada=others)) == NONE[way]


@pytest.mark.parametrize("way", ["ssh", "entra"])
def test_a_code_s_signature_does_not_by_the_name_of_a_credential_that_signs_none(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    decision = decide("code", by="bob")
    renamed = decision.proof.model_copy(update={"credential": own(way, "ada").id})
    people = approvers(ada=[own(one, "ada") for one in WAYS])
    why = f"ada has enrolled no authenticator {own(way, 'ada').id}"
    assert proven_by(decision.model_copy(update={"proof": renamed}), people) == why


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("revoked_at", [YESTERDAY, NOON, NOON + timedelta(days=300)], ids=str)
def test_a_revoked_credential_does_not_whenever_it_was_revoked(
    decide: Decide,
    approvers: Callable[..., EnrolledApprovers],
    own: Callable[[str, str], Credential],
    way: str,
    revoked_at: datetime,
) -> None:
    revoked = own(way, "ada").model_copy(update={"revoked_at": revoked_at})
    others = [own(other, "ada") for other in WAYS if other != way]
    why = f"ada's credential {revoked.id} was revoked at {revoked_at:%Y-%m-%d %H:%M} UTC"
    assert proven_by(decide(way), approvers(ada=[*others, revoked])) == why


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "field", ["release", "release_digest", "stage", "gate", "choice", "comment", "report_digest", "asked"]
)
def test_a_proof_of_another_statement_does_not(
    decide: Decide,
    approvers: Callable[..., EnrolledApprovers],
    own: Callable[[str, str], Credential],
    way: str,
    field: str,
) -> None:
    given = "sha256:" + "e" * 64 if field.endswith("digest") or field == "asked" else "reject"
    moved = decide(way).model_copy(update={"statement": decide(way, **{field: given}).statement})
    assert isinstance(proven_by(moved, approvers(ada=[own(way, "ada")])), str)


@pytest.mark.parametrize("way", WAYS)
def test_who_is_in_no_group_proves_nothing(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    people = {"mallory": Enrolment(name="mallory", credentials=(own(way, "ada"),))}
    why = "mallory is not an approver; ask one to decide, or have the environment list them"
    assert proven_by(decide(way, approver="mallory"), approvers(ada=[own(way, "ada")])) == why
    assert (
        proven_by(decide(way, approver="mallory"), EnrolledApprovers({"engineers": frozenset({"ada"})}, people)) == why
    )
    assert proven_by(decide(way, approver="Ada"), approvers(ada=[own(way, "ada")])).startswith("Ada is not an approver")


def test_a_code_counts_only_while_it_is_good(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential]
) -> None:
    people = approvers(ada=[own("code", "ada")])
    assert proven_by(decide("code", at=NOON + timedelta(seconds=179)), people) == own("code", "ada")
    assert "its code is for 2025-12-10 12:00:00" in proven_by(decide("code", at=NOON + timedelta(seconds=180)), people)


def test_a_token_counts_only_until_it_expires(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential]
) -> None:
    people = approvers(ada=[own("entra", "ada")])
    assert proven_by(decide("entra", at=NOON + timedelta(seconds=3599)), people) == own("entra", "ada")
    why = "the token expired at 2025-12-10 13:00:00 UTC"
    assert proven_by(decide("entra", at=NOON + timedelta(seconds=3600)), people) == why


def test_a_token_does_not_count_without_the_tenants_keys(
    decide: Decide,
    approvers: Callable[..., EnrolledApprovers],
    own: Callable[[str, str], Credential],
    account: EntraAccount,
) -> None:
    people = approvers(ada=[own("entra", "ada")])
    unknown = EnrolledApprovers(people.groups, people.people)
    why = f"no RS256 key that tenant {account.tenant_id} publishes signed the token"
    assert proven_by(decide("entra"), unknown) == why


@pytest.mark.parametrize("way", WAYS)
def test_a_decision_survives_storing(
    decide: Decide, approvers: Callable[..., EnrolledApprovers], own: Callable[[str, str], Credential], way: str
) -> None:
    stored = Decision.model_validate_json(decide(way).model_dump_json())
    assert stored == decide(way)
    assert proven_by(stored, approvers(ada=[own(way, "ada")])) == own(way, "ada")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"note": "more"},
        {"proof": None},
        {"proof": {}},
        {"proof": {"kind": "word of honour"}},
        {"proof": {"kind": "ssh"}},
        {"proof": {"kind": "one_time_code", "credential": "x", "step": 1}},
        {"statement": None},
        {"decided_at": "2025-12-10T12:00:00"},
        {"decided_at": None},
        {"stage": None},
    ],
    ids=str,
)
def test_a_decision_has_one_shape(decide: Decide, way: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate(decide(way).model_dump(mode="json") | wrong)
    with pytest.raises(ValidationError):
        decide(way).stage = "test"  # type: ignore[misc]  # this is what must fail
