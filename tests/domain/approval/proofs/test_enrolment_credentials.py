"""Which credentials a person has: enrolled once, revoked for good, the same in all groups."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.approval.proofs.enrolment import Credential, Enrolment
from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.proofs.one_time_code import CodeGenerator
from domain.approval.proofs.ssh_signature import SshKey
from domain.errors import Terminal

THEN = datetime(2025, 1, 6, 8, 5, tzinfo=UTC)
LATER = THEN + timedelta(days=1)
TENANT, OBJECT, GROUP = (f"{digit * 8}-0000-0000-0000-000000000000" for digit in "123")


def line(number: int) -> str:
    """The public line of one SSH key or another."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


CODE = CodeGenerator(secret_block="ada-code", public_key="a" * 64, enrolled_at=THEN)
KEY = SshKey(public_key=line(1), enrolled_at=THEN)
OTHER_KEY = SshKey(public_key=line(2), enrolled_at=THEN)
ACCOUNT = EntraAccount(tenant_id=TENANT, object_id=OBJECT, audience="signalbox", group_id=GROUP, enrolled_at=THEN)
KINDS = (CODE, KEY, ACCOUNT)
ADA = Enrolment(name="ada", aliases=("a",), credentials=KINDS)


def changed(credential: Credential, **fields: Any) -> Credential:
    """The same with other fields."""
    return credential.model_copy(update=fields)


@pytest.mark.parametrize("credential", KINDS)
def test_a_first_credential_is_enrolled(credential: Credential) -> None:
    person = Enrolment(name="ada", aliases=("a",)).with_credential(credential)
    assert person == Enrolment(name="ada", aliases=("a",), credentials=(credential,))


def test_another_credential_comes_after_those_that_are_there() -> None:
    assert ADA.with_credential(OTHER_KEY).credentials == (*KINDS, OTHER_KEY)


@pytest.mark.parametrize("credential", KINDS)
def test_the_same_credential_again_changes_nothing(credential: Credential) -> None:
    assert ADA.with_credential(changed(credential, enrolled_at=LATER)) is ADA


def test_one_with_other_fields_takes_the_place_of_the_old_one() -> None:
    moved = changed(CODE, secret_block="elsewhere", enrolled_at=LATER)
    assert ADA.with_credential(moved).credentials == (KEY, ACCOUNT, moved)
    regrouped = changed(ACCOUNT, group_id=TENANT, enrolled_at=LATER)
    assert ADA.with_credential(regrouped).credentials == (CODE, KEY, regrouped)


@pytest.mark.parametrize("credential", [CODE, KEY])
def test_what_was_revoked_does_not_come_back(credential: Credential) -> None:
    person = ADA.revoking(credential.id, THEN)
    with pytest.raises(Terminal) as refused:
        person.with_credential(changed(credential, enrolled_at=LATER))
    assert str(refused.value) == (
        f"ada's credential {credential.id} was revoked at 2025-01-06 08:05 UTC and cannot be enrolled again; make a new one and enrol that"
    )
    assert person.with_credential(OTHER_KEY).credentials[-1] == OTHER_KEY


@pytest.mark.parametrize(("revoked", "new"), [(KEY, OTHER_KEY), (OTHER_KEY, KEY), (CODE, KEY), (KEY, CODE)])
def test_who_revoked_one_enrols_another(revoked: Credential, new: Credential) -> None:
    person = Enrolment(name="ada", credentials=(revoked,)).revoking(revoked.id, THEN)
    assert person.with_credential(new).credentials == (*person.credentials, new)


def test_an_account_comes_back_and_its_tokens_count_from_then_on() -> None:
    back = changed(ACCOUNT, enrolled_at=LATER)
    assert ADA.revoking(ACCOUNT.id, THEN).with_credential(back).credentials == (CODE, KEY, back)


@pytest.mark.parametrize("credential", KINDS)
def test_one_is_revoked_and_stays_listed(credential: Credential) -> None:
    person = ADA.revoking(credential.id, LATER)
    assert [one.id for one in person.credentials] == [one.id for one in KINDS]
    assert [one.revoked_at for one in person.credentials] == [LATER if one is credential else None for one in KINDS]
    assert (person.name, person.aliases) == ("ada", ("a",))


def test_the_moment_of_the_first_revocation_stays() -> None:
    assert ADA.revoking(KEY.id, THEN).revoking(KEY.id, LATER) == ADA.revoking(KEY.id, THEN)


def test_an_unknown_credential_revokes_nothing() -> None:
    assert ADA.revoking(OTHER_KEY.id, LATER) == ADA


@pytest.mark.parametrize("credential", KINDS)
def test_revoked_in_one_group_is_revoked(credential: Credential) -> None:
    revoked = ADA.revoking(credential.id, LATER)
    assert ADA.joined(revoked).credentials == revoked.credentials
    assert revoked.joined(ADA).credentials == revoked.credentials


def test_two_groups_know_together_what_each_knows() -> None:
    one = Enrolment(name="ada", aliases=("a", "b"), credentials=(KEY,))
    other = Enrolment(name="ada", aliases=("b", "c"), credentials=(CODE, changed(KEY, enrolled_at=LATER)))
    assert one.joined(other) == Enrolment(name="ada", aliases=("a", "b", "c"), credentials=(KEY, CODE))
    assert other.joined(one).credentials == (CODE, changed(KEY, enrolled_at=LATER))
    assert one.joined(Enrolment(name="ada")) == Enrolment(name="ada").joined(one) == one
