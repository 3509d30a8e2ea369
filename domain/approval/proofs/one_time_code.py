"""Proof by a one-time code (RFC 6238): typed into the form, and turned into a signature that can be checked ever after.

The secret gives the code and, through HKDF, an Ed25519 key. Who knows the secret checks the code and signs the statement
with that key; the signature is checked with the public half alone, long after the code is worth nothing.
"""

import re
import secrets
from datetime import UTC, datetime
from typing import Literal, Self

import pyotp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.approval.statement import Statement
from domain.utc import Moment

STEP_SECONDS = 30
STEPS_BEFORE = 5
"""A code may be this many steps old when it is seen for the first time: a suspended run takes a while to start again."""
STEPS_AHEAD = 1
"""By so many may the authenticator's clock be ahead of the verifier's."""
DIGITS = 6
GAPS = re.compile(r"[\s-]")
"""Between the digits that somebody types."""
MAX_STEP = 2**32
"""In the year 6053: every step up to here has a date."""


def _is_unset(place: object) -> bool:
    return not place


class CodeGenerator(BaseModel):
    """An enrolled authenticator. public_key: of its signatures. Where its base32 secret is, one of the two says.

    secret_file: its file among the code secrets of the worker's machine. secret_block: a Prefect Secret block, as all had it before there
    were such files; who reads the server's API can read it. What is not said stays out of the JSON, which is as it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["one_time_code"] = "one_time_code"
    secret_block: str = Field(default="", exclude_if=_is_unset)
    secret_file: str = Field(default="", exclude_if=_is_unset)
    public_key: str = Field(pattern=r"^[0-9a-f]{64}$")
    enrolled_at: Moment
    revoked_at: Moment | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.secret_block) == bool(self.secret_file):
            raise ValueError("an authenticator's secret is in one place: name secret_file or secret_block")
        return self

    @property
    def id(self) -> str:
        """The first digits of the public key."""
        return f"code:{self.public_key[:16]}"


class CodeProof(BaseModel):
    """What is kept. credential: the generator's id. step: number of the code's half minute since 1970. seal: the signature, hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["one_time_code"] = "one_time_code"
    credential: str
    step: int = Field(ge=0, le=MAX_STEP)
    seal: str = Field(pattern=r"^[0-9a-f]{128}$")

    @property
    def once(self) -> str:
        """What it uses up."""
        return f"{self.credential} step {self.step}"


def code_of(typed: str) -> str | None:
    """The code that somebody typed, as it is generated; None for another proof."""
    return plain_code(typed) if re.fullmatch(rf"\d{{{DIGITS}}}", GAPS.sub("", typed)) else None


def plain_code(typed: str) -> str:
    """Without gaps, and in ASCII: other alphabets have digits of their own."""
    return f"{int(GAPS.sub('', typed)):0{DIGITS}d}"


def new_secret() -> str:
    """160 random bits in base32, as authenticators take them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(secrets.choice(alphabet) for _ in range(32))


def provisioning_uri(secret: str, approver: str) -> str:
    """What the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=approver, issuer_name="Signalbox")


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code this is; None when it is none of those that count now."""
    generator, this = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS), step_at(now)
    for step in range(this + STEPS_AHEAD, this - STEPS_BEFORE - 1, -1):
        if secrets.compare_digest(generator.generate_otp(step).encode(), code.encode(errors="replace")):
            return step
    return None


def verification_key(secret: str) -> str:
    """The public half of the key that signs, in hexadecimal."""
    return _key(secret).public_key().public_bytes_raw().hex()


def signed(secret: str, statement: Statement, step: int) -> CodeProof:
    """The proof for a code that was found right."""
    public_key = verification_key(secret)
    seal = _key(secret).sign(_signed_text(statement, step)).hex()
    return CodeProof(credential=f"code:{public_key[:16]}", step=step, seal=seal)


def signature_fault(proof: CodeProof, statement: Statement, generator: CodeGenerator, decided_at: datetime) -> str:
    """Why the signature does not hold; empty when it does."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(generator.public_key))
    try:
        key.verify(bytes.fromhex(proof.seal), _signed_text(statement, proof.step))
    except InvalidSignature:
        return "it signs something else: the statement or the code's time was changed"
    if not -STEPS_AHEAD <= step_at(decided_at) - proof.step <= STEPS_BEFORE:
        begins = datetime.fromtimestamp(proof.step * STEP_SECONDS, UTC)
        return f"its code is for {begins:%Y-%m-%d %H:%M:%S} UTC, but it was seen at {decided_at:%Y-%m-%d %H:%M:%S}"
    return ""


def step_at(moment: datetime) -> int:
    """Number of the half minute since 1970."""
    return int(moment.timestamp()) // STEP_SECONDS


def _key(secret: str) -> Ed25519PrivateKey:
    derive = HKDF(hashes.SHA256(), 32, salt=None, info=b"signalbox seal 1")
    return Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode()))


def _signed_text(statement: Statement, step: int) -> bytes:
    return f"signalbox seal 1\n{step}\n{statement.text}".encode("ascii")
