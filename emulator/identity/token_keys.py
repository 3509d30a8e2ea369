"""The keys of the identity endpoint: one signs, and those that signed before it stay published."""

from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.identity.private_file import write_private

_CURRENT = "token-key.pem"
_RETIRED = "token-key-retired-*.pem"
"""Only the public half of a key that signs no more is kept."""

_private: dict[str, rsa.RSAPrivateKey] = {}
_public: dict[str, rsa.RSAPublicKey] = {}


def open_key(state: Path) -> None:
    """Sign from now on with the key kept under `state`, made there at the first time; tokens outlive a restart so."""
    for file in sorted(state.glob(_RETIRED)):
        retired = serialization.load_pem_public_key(file.read_bytes())
        if not isinstance(retired, rsa.RSAPublicKey):
            raise ValueError(f"{file} holds no RSA key; remove it and start the emulator again")
        _public[_kid(retired)] = retired
    _sign_with(_kept(state) if (state / _CURRENT).exists() else _made(state))


def rotate_key(state: Path) -> str:
    """Sign with a new key from now on; the one before stays published. Returns the new key's id."""
    old = _kept(state).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    file = state / _RETIRED.replace("*", _kid(old))
    write_private(file, old.public_bytes(serialization.Encoding.PEM, form))
    return _sign_with(_made(state))


def sign(claims: dict[str, Any]) -> str:
    """A token of these claims, signed with the newest key (RS256)."""
    kid, key = next(reversed(_private.items()))
    return jwt.encode(claims, key, "RS256", headers={"kid": kid})


def public_key(kid: str) -> rsa.RSAPublicKey:
    """KeyError unless such a key signs or signed."""
    return _public[kid]


def published(issuer: str) -> dict[str, Any]:
    """All public keys as Entra publishes them (RFC 7517; it names no `alg`), oldest first; but no certificates (x5c)."""
    return {"keys": [_document(kid, key) | {"issuer": issuer} for kid, key in _public.items()]}


def _document(kid: str, key: rsa.RSAPublicKey) -> dict[str, str]:
    numbers = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    return {"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid, "n": numbers["n"], "e": numbers["e"]}


def _sign_with(key: rsa.RSAPrivateKey) -> str:
    kid = _kid(key.public_key())
    for kept in (_private, _public):
        kept.pop(kid, None)  # last is newest, and signs
    _private[kid], _public[kid] = key, key.public_key()
    return kid


def _kept(state: Path) -> rsa.RSAPrivateKey:
    file = state / _CURRENT
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{file} holds no RSA key; remove it and start the emulator again")
    return key


def _made(state: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    write_private(state / _CURRENT, key.private_bytes(serialization.Encoding.PEM, form, plain))
    return key


def _kid(key: rsa.RSAPublicKey) -> str:
    return f"{key.public_numbers().n & 0xFFFFFFFFFFFF:012x}"
