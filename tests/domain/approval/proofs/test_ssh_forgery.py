"""SSH signatures that no ssh-keygen makes: put together byte by byte, as somebody would who wants to pass or to break.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

import hashlib
import struct
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.approval.proofs.ssh_signature import SshKey, SshProof, signing_key
from domain.approval.statement import NAMESPACE, Statement

Make = Callable[..., Statement]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
UNFIT = "the SSH signature is not over this statement ("


def string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


POINT = string(b"ssh-ed25519") + string(KEY.public_key().public_bytes_raw())
ENROLLED = SshKey(public_key=f"ssh-ed25519 {b64encode(POINT).decode()}", enrolled_at=datetime(2025, 12, 10, tzinfo=UTC))


def forged(
    text: str,
    *,
    key: bytes = POINT,
    hashed_by: bytes = b"sha512",
    kind: bytes = b"ssh-ed25519",
    version: int = 1,
    magic: bytes = b"SSHSIG",
    namespace: bytes = NAMESPACE.encode(),
    signature: bytes | None = None,
) -> SshProof:
    """A proof in which any part can be another one; the signature fits the parts."""
    try:
        digest = hashlib.new(hashed_by.decode(), text.encode()).digest()
    except (ValueError, TypeError):
        digest = hashlib.sha512(text.encode()).digest()
    over = b"SSHSIG" + string(namespace) + string(b"") + string(hashed_by) + string(digest)
    made = KEY.sign(over) if signature is None else signature
    blob = magic + struct.pack(">I", version) + string(key) + string(namespace) + string(b"")
    blob += string(hashed_by) + string(string(kind) + string(made))
    return SshProof(
        signature=f"-----BEGIN SSH SIGNATURE-----\n{b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"
    )


def why(proof: SshProof, statement: Statement) -> str:
    found = signing_key(proof, statement, [ENROLLED])
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("hashed_by", [b"sha256", b"sha512"])
def test_what_is_put_together_rightly_holds(statement: Make, hashed_by: bytes) -> None:
    assert signing_key(forged(statement().text, hashed_by=hashed_by), statement(), [ENROLLED]) == ENROLLED


@pytest.mark.parametrize("hashed_by", [b"md5", b"sha1", b"sha224", b"blake2b", b"sha3_256", b"SHA512"])
def test_a_hash_that_ssh_keygen_does_not_take_is_refused(statement: Make, hashed_by: bytes) -> None:
    assert why(forged(statement().text, hashed_by=hashed_by), statement()).startswith(
        f"{UNFIT}it is made with a hash that ssh-keygen does not accept)"
    )


@pytest.mark.parametrize("hashed_by", [b"", b"none", b"shake_128", b"\xff", b"sha512\0"])
def test_a_hash_that_there_is_not_is_refused(statement: Make, hashed_by: bytes) -> None:
    assert why(forged(statement().text, hashed_by=hashed_by), statement()).startswith(UNFIT)


@pytest.mark.parametrize("kind", [b"rsa-sha2-512", b"ssh-rsa", b"ssh-dss", b"none", b"ssh-ed25519\0"])
def test_a_signature_of_another_kind_than_its_key_is_refused(statement: Make, kind: bytes) -> None:
    assert why(forged(statement().text, kind=kind), statement()).startswith(f"{UNFIT}it does not fit)")


@pytest.mark.parametrize("version", [0, 2, 2**32 - 1])
def test_another_version_is_refused(statement: Make, version: int) -> None:
    found = why(forged(statement().text, version=version), statement())
    assert f"(SSH Signature format version {version}.)" in found


def rsa(exponent: bytes, modulus: bytes) -> bytes:
    return string(b"ssh-rsa") + string(exponent) + string(modulus)


STRANGE_KEYS = {
    "none": b"",
    "no kind": string(b""),
    "half a point": string(b"ssh-ed25519") + string(b"\0" * 16),
    "a point twice": string(b"ssh-ed25519") + string(b"\0" * 64),
    "a point of order 1": string(b"ssh-ed25519") + string(b"\x01" + b"\0" * 31),
    "RSA of nothing": rsa(b"", b""),
    "RSA of 1 bit": rsa(b"\x01", b"\x01"),
    "RSA that is even": rsa(b"\x02", b"\xff" * 256),
    "RSA of 40,000 bits": rsa(b"\x03", b"\0" + b"\xff" * 5000),
    "RSA with a huge exponent": rsa(b"\x01" * 2000, b"\0" + b"\xff" * 2001),
    "another kind": string(b"sk-ssh-ed25519@openssh.com") + string(b"\0" * 32),
    "a certificate": string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"\0" * 32),
    "a kind that is no text": string(b"\xff\xfe"),
}


@pytest.mark.parametrize("key", STRANGE_KEYS.values(), ids=STRANGE_KEYS.keys())
@pytest.mark.parametrize("kind", [b"ssh-ed25519", b"rsa-sha2-512"])
def test_a_strange_key_proves_nothing(statement: Make, key: bytes, kind: bytes) -> None:
    assert why(forged(statement().text, key=key, kind=kind), statement())


def test_a_signature_that_holds_for_any_text_is_by_no_enrolled_key(statement: Make) -> None:
    """With the neutral point as key, S = 0 and R = the neutral point hold for whatever is signed."""
    neutral = b"\x01" + b"\0" * 31
    proof = forged(statement().text, key=string(b"ssh-ed25519") + string(neutral), signature=neutral + b"\0" * 32)
    assert why(proof, statement())


@pytest.mark.parametrize("signature", [b"", b"\0" * 63, b"\0" * 64, b"\0" * 65, b"\xff" * 64], ids=len)
def test_a_signature_of_nothing_is_refused(statement: Make, signature: bytes) -> None:
    assert why(forged(statement().text, signature=signature), statement()).startswith(UNFIT)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----\n=\n", "ü" * 100, "\0", "A" * 8000],
    ids=lambda text: ascii(text)[:40],
)
def test_what_is_no_signature_is_refused(statement: Make, text: str) -> None:
    assert why(SshProof(signature=text), statement()).startswith(UNFIT)


def test_the_magic_and_the_namespace_are_looked_at(statement: Make) -> None:
    assert "magic" in why(forged(statement().text, magic=b"SSHSIX"), statement())
    assert "Namespace" in why(forged(statement().text, namespace=b"git"), statement())
    assert "Namespace" in why(forged(statement().text, namespace=b""), statement())
