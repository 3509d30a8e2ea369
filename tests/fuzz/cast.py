"""The people of the histories, with the keys that they hold and the groups that they are in."""

import hashlib
import uuid
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proof_making import (
    AUDIENCE,
    GROUP,
    TENANT,
    claims,
    private_key,
    public_line,
    ssh_signature,
    tenant_keys,
    token,
)

from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Credential, Enrolment
from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.proofs.one_time_code import CodeGenerator, verification_key
from domain.approval.proofs.ssh_signature import SshKey
from domain.approval.statement import Statement

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
WAYS = ("ssh", "code", "token", "fresh token")
"""How somebody proves who they are. A fresh token names no statement, and counts because its sign-in was just now."""
GROUPS = {
    "ml-engineers": frozenset({"ada", "grace", "emil", "rhea", "carl", "petra"}),
    "operations": frozenset({"olga", "grace"}),
    "incident": frozenset({"ivan", "rhea"}),
}
REQUESTER, AUTHOR, PUBLISHER = "rhea", "Carl Coder <carl@example.org>", "petra"
NAMES = ("ada", "grace", "emil", "olga", "ivan", "rhea", "carl", "petra")
OUTSIDER = "mallory"


@dataclass(frozen=True)
class Person:
    """Somebody with keys of their own. generation: which keys; a new one follows when the old ones are revoked."""

    name: str
    generation: int = 0

    @property
    def secret(self) -> str:
        """Of the authenticator, in base32."""
        return b32encode(hashlib.sha256(f"{self.name} code {self.generation}".encode()).digest()[:20]).decode()

    @property
    def object_id(self) -> str:
        """Of the account at the tenant; an account stays the same for ever."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name))

    def credential(self, way: str, at: datetime = LONG_AGO) -> Credential:
        """What is enrolled for a way to prove it."""
        if way == "ssh":
            return SshKey(public_key=public_line(self._key), enrolled_at=at)
        if way == "code":
            return CodeGenerator(
                secret_block=self.secret.lower(), public_key=verification_key(self.secret), enrolled_at=at
            )
        return EntraAccount(
            tenant_id=TENANT, object_id=self.object_id, audience=AUDIENCE, group_id=GROUP, enrolled_at=at
        )

    def proof(self, way: str, statement: Statement, now: datetime) -> str:
        """What the person types into the form as proof of a statement."""
        if way == "ssh":
            return ssh_signature(self._key, statement.text)
        if way == "code":
            return self.code(now)
        if way == "token":
            return token(claims(self.object_id, now, nonce=statement.nonce))
        return token(claims(self.object_id, now, auth_time=int(now.timestamp()), uti=statement.nonce[:8]))

    def code(self, now: datetime) -> str:
        """What the authenticator shows."""
        return pyotp.TOTP(self.secret).at(now)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return private_key(f"{self.name} ssh {self.generation}")


def enrolment(name: str) -> Enrolment:
    """As everybody is enrolled when a history begins."""
    person = Person(name)
    aliases = ("carl@example.org",) if name == "carl" else ()
    return Enrolment(
        name=name, aliases=aliases, credentials=tuple(person.credential(way) for way in ("ssh", "code", "token"))
    )


def approvers() -> EnrolledApprovers:
    """Who may decide when a history begins."""
    return EnrolledApprovers(GROUPS, {name: enrolment(name) for name in NAMES}, tenant_keys())
