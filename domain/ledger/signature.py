"""Who wrote a fact: a signature beside it, by a key of its writer. What a ledger's storage holds, anybody may have put there."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Annotated, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

KIND = "ssh-ed25519"
PURPOSE = "signalbox fact 1"
"""A signature made for anything else (a git commit, an approval) does not count here."""


class Signature(BaseModel):
    """key: the writer's fingerprint, as `ssh-keygen -l` prints it. value: the signature of 64 bytes, in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")
    value: str = Field(pattern=r"^[A-Za-z0-9+/]{86}==$")

    def holds(self, slot: str, digest: str, public_key: str) -> bool:
        """Whether a key made it over a fact of this digest at this place. public_key: the line of a .pub file."""
        key = _public(public_key)
        try:
            key.verify(b64decode(self.value), _text(slot, digest))
        except InvalidSignature:
            return False
        return fingerprint(public_key) == self.key


class SigningKey:
    """The key with which a process writes facts. Never shown: what is public of it is `public_key`."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def made(cls) -> "SigningKey":
        """A new one."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, content: bytes) -> "SigningKey":
        """From an OpenSSH private key file without a passphrase; ValueError for any other."""
        try:
            key = load_ssh_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError(
                "it is not an OpenSSH private key without a passphrase"
            ) from None  # nothing of its content
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"it is of another kind than {KIND}")
        return cls(key)

    def file(self) -> bytes:
        """As `ssh-keygen -t ed25519 -N ''` writes it."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())

    @property
    def public_key(self) -> str:
        """The line of a .pub file, without a comment."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")

    def sign(self, slot: str, digest: str) -> Signature:
        """Over a fact of this digest at this place in the ledger."""
        value = b64encode(self._key.sign(_text(slot, digest))).decode("ascii")
        return Signature(key=fingerprint(self.public_key), value=value)


def fingerprint(public_key: str) -> str:
    """As `ssh-keygen -l` prints it."""
    return "SHA256:" + b64encode(sha256(b64decode(public_key.split()[1])).digest()).decode("ascii").rstrip("=")


def _public(line: str) -> Ed25519PublicKey:
    return cast("Ed25519PublicKey", load_ssh_public_key(line.encode()))  # else its first word would not fit


def _checked(line: str) -> str:
    words = line.split()
    if len(words) < 2 or words[0] != KIND:
        raise ValueError(f"give the line of a .pub file, which begins with {KIND}")
    plain = " ".join(words[:2])
    try:
        _public(plain)
    except ValueError as error:
        raise ValueError(f"the key cannot be read: {error}") from error
    return plain


PublicKey = Annotated[str, Field(max_length=1000), AfterValidator(_checked)]
"""The line of a .pub file, kept without its comment."""


def _text(slot: str, digest: str) -> bytes:
    return f"{PURPOSE}\n{slot}\n{digest}".encode("ascii")
