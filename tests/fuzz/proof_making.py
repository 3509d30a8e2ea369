"""Real proofs, made in this process: SSH signatures as `ssh-keygen -Y sign` writes them, and tokens as Entra ID issues them.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

import hashlib
import hmac
import json
import struct
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.approval.statement import NAMESPACE

TENANT = "11111111-1111-4111-8111-111111111111"
AUDIENCE = "22222222-2222-4222-8222-222222222222"
GROUP = "33333333-3333-4333-8333-333333333333"
KID = "tenant-key-1"


def private_key(seed: str) -> Ed25519PrivateKey:
    """Always the same key for the same seed, so that a history can be played again."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def public_line(key: Ed25519PrivateKey) -> str:
    """As in a .pub file, without a comment."""
    return f"ssh-ed25519 {b64encode(_public_blob(key)).decode()}"


def ssh_signature(key: Ed25519PrivateKey, text: str, namespace: str = NAMESPACE) -> str:
    """The armored signature over a text."""
    digest = hashlib.sha512(text.encode()).digest()
    signed = b"SSHSIG" + _string(namespace.encode()) + _string(b"") + _string(b"sha512") + _string(digest)
    signature = _string(b"ssh-ed25519") + _string(key.sign(signed))
    blob = b"SSHSIG" + struct.pack(">I", 1) + _string(_public_blob(key)) + _string(namespace.encode())
    blob += _string(b"") + _string(b"sha512") + _string(signature)
    body = b64encode(blob).decode()
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def claims(object_id: str, now: datetime, **given: Any) -> dict[str, Any]:
    """What a token says that was issued now, and is good for an hour; any claim can be given."""
    seconds = int(now.timestamp())
    return {
        "aud": AUDIENCE,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + 3600,
        "tid": TENANT,
        "oid": object_id,
        "groups": [GROUP],
        **given,
    }


def token(said: Mapping[str, Any], kid: str = KID) -> str:
    """Signed by the tenant."""
    return jwt.encode(dict(said), tenant_key(), algorithm="RS256", headers={"kid": kid})


def unsigned_token(said: Mapping[str, Any]) -> str:
    """With `alg: none`."""
    return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': KID})}.{_part(said)}."


def token_by_public_key(said: Mapping[str, Any]) -> str:
    """HS256, with the tenant's public key as the shared secret: a verifier that trusts the header falls for it."""
    public = tenant_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': KID})}.{_part(said)}"
    return f"{text}.{_base64(hmac.digest(public, text.encode(), 'sha256'))}"


@cache
def tenant_key() -> RSAPrivateKey:
    """The tenant's signing key."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def tenant_keys() -> dict[str, dict[str, dict[str, Any]]]:
    """What the tenant publishes."""
    published = jwt.algorithms.RSAAlgorithm.to_jwk(tenant_key().public_key(), as_dict=True)
    return {TENANT: {KID: {**published, "kid": KID, "use": "sig"}}}


def _public_blob(key: Ed25519PrivateKey) -> bytes:
    return _string(b"ssh-ed25519") + _string(key.public_key().public_bytes_raw())


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _part(content: Mapping[str, Any]) -> str:
    return _base64(json.dumps(dict(content)).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
