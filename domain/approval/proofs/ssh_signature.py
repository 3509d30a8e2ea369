"""Proof by an SSH signature: `ssh-keygen -Y sign` with a key of the approver's own, or their agent."""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sshsig import InvalidSignature, check_signature
from sshsig.sshsig import SshsigSignature

from domain.approval.statement import NAMESPACE, Statement
from domain.utc import Moment

ARMOR = re.compile(r"-----BEGIN SSH SIGNATURE-----([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----")
KINDS = ("ssh-ed25519", "ssh-rsa")
SMALLEST_RSA_BITS = 2048
HASHES = (b"sha256", b"sha512")
"""Those of ssh-keygen; the library takes broken ones, too."""
UNFIT = (
    InvalidSignature,
    NotImplementedError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AssertionError,
)
"""What the library raises for a signature that is none; the assertion is for one of another algorithm than its key."""


class SshKey(BaseModel):
    """An enrolled key, as in an allowed-signers list. public_key: `ssh-ed25519 AAAA…`, without a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ssh"] = "ssh"
    public_key: str = Field(max_length=2000)
    enrolled_at: Moment
    revoked_at: Moment | None = None

    @field_validator("public_key")
    @classmethod
    def _usable(cls, line: str) -> str:
        words = line.split()
        if len(words) < 2 or words[0] not in KINDS:
            raise ValueError(
                f"not a type of key that is accepted here; give the line of a .pub file with {' or '.join(KINDS)}"
            )
        try:
            key = load_ssh_public_key(f"{words[0]} {words[1]}".encode())
        except ValueError as error:
            raise ValueError(f"the key cannot be read: {error}") from error
        if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA_BITS:
            raise ValueError(f"an RSA key needs {SMALLEST_RSA_BITS} bits or more")
        return f"{words[0]} {words[1]}"

    @property
    def id(self) -> str:
        """The fingerprint, as `ssh-keygen -l` prints it."""
        raw = b64decode(self.public_key.split()[1])
        return "SHA256:" + b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


class SshProof(BaseModel):
    """What is kept: the armored signature over the statement's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ssh"] = "ssh"
    signature: str = Field(max_length=8000)

    @property
    def once(self) -> str:
        """Uses up nothing: it is over one statement alone."""
        return ""


def armored(pasted: str) -> str | None:
    """The signature in a pasted text, its lines restored (a form's field turns them into blanks); None without one."""
    found = ARMOR.search(pasted)
    if found is None:
        return None
    body = "".join(found[1].split())
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def signing_key(proof: SshProof, statement: Statement, keys: Sequence[SshKey]) -> SshKey | str:
    """The enrolled key that signed this statement, or why there is none."""
    try:
        signer = check_signature(statement.text, proof.signature, NAMESPACE)
        if SshsigSignature.from_armored(proof.signature).hash_algo not in HASHES:
            raise InvalidSignature("it is made with a hash that ssh-keygen does not accept")
    except UNFIT as error:
        return (
            f"the SSH signature is not over this statement ({str(error) or 'it does not fit'}): sign exactly what `signalbox approve` shows, "
            f"in namespace {NAMESPACE}"
        )
    for key in keys:
        if key.public_key == signer.openssh_str():
            return key
    return f"the key that signed is not enrolled by {statement.approver}; enrol it with `signalbox enrol {statement.approver} --ssh FILE`"
