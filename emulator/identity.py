"""Who may ask: the one tenant and client of the emulator, and the tokens it signs and checks."""

import hmac
import os
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.arm.errors import unauthorized
from emulator.private_file import write_private

TENANT_ID = "00000000-0000-0000-0000-00000000000a"
CLIENT_ID = "00000000-0000-0000-0000-00000000000c"
CLIENT_SECRET = os.environ.get("EMULATOR_CLIENT_SECRET", "signalbox-laptop")
"""Opens nothing but an emulator on the loopback interface."""
ARM_AUDIENCE = "https://management.azure.com"
ISSUER = f"https://sts.windows.net/{TENANT_ID}/"
LIFETIME_SECONDS = 3599
"""As Entra's."""

_CACHED = 1024
_keys: dict[str, rsa.RSAPrivateKey] = {}
_verified: dict[str, tuple[str, float]] = {}


def open_key(state: Path) -> None:
    """Sign from now on with the key kept under `state`, made there at the first time; tokens outlive a restart so."""
    file = state / "token-key.pem"
    if file.exists():
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{file} holds no RSA key; remove it and start the emulator again")
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_private(file, key.private_bytes(serialization.Encoding.PEM, form, plain))
    kid = f"{key.public_key().public_numbers().n & 0xFFFFFFFFFFFF:012x}"
    _keys.pop(kid, None)
    _keys[kid] = key  # last is newest, and signs


def secret_is_right(secret: str) -> bool:
    """Whether this is the client's secret."""
    return hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())


def issue_token(audience: str, lifetime: float = LIFETIME_SECONDS) -> str:
    """A signed access token for an audience; lifetime in seconds."""
    kid, key = next(reversed(_keys.items()))
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": ISSUER,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "appid": CLIENT_ID,
        "oid": CLIENT_ID,
        "sub": CLIENT_ID,
        "tid": TENANT_ID,
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
    }
    return jwt.encode(claims, key, "RS256", headers={"kid": kid})


def public_keys() -> dict[str, Any]:
    """The keys that tokens can be checked with (RFC 7517)."""
    algorithm = jwt.algorithms.RSAAlgorithm
    keys = [(kid, algorithm.to_jwk(key.public_key(), as_dict=True)) for kid, key in _keys.items()]
    return {"keys": [{**document, "kid": kid, "use": "sig", "issuer": ISSUER} for kid, document in keys]}


def check_token(headers: Mapping[str, str], *audiences: str) -> None:
    """AzureError 401 unless the request carries a valid bearer token for one audience. headers: lower-case names."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not token:
        raise unauthorized("Authentication failed. The 'Authorization' header is missing.", "AuthenticationFailed")
    if scheme.lower() != "bearer":
        raise unauthorized(
            f"Authentication failed. The 'Authorization' header is provided in an invalid format: '{scheme}'.",
            "AuthenticationFailedInvalidHeader",
        )
    known = _verified.get(token)
    if known is None:
        known = _verify(token)
        if len(_verified) >= _CACHED:
            _verified.clear()
        _verified[token] = known
    granted, expires = known
    if time.time() >= expires:
        raise _expired(expires)
    if granted.rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
        allowed = ",".join(f"'{audience}','{audience}/'" for audience in audiences)
        raise unauthorized(
            f"The access token has been obtained for wrong audience or resource '{granted}'. It should exactly match "
            f"with one of the allowed audiences {allowed}.",
            "InvalidAuthenticationTokenAudience",
        )


def _verify(token: str) -> tuple[str, float]:
    try:
        key = _keys[jwt.get_unverified_header(token).get("kid", "")].public_key()
        options: Any = {"verify_aud": False, "verify_exp": False, "require": ["aud", "exp", "iss"]}
        claims = jwt.decode(token, key, ["RS256"], issuer=ISSUER, options=options)
    except (jwt.InvalidTokenError, KeyError) as error:
        raise unauthorized("The access token is invalid.") from error
    return str(claims["aud"]), float(claims["exp"])


def _expired(expires: float) -> Exception:
    then, now = (datetime.fromtimestamp(moment, UTC).strftime("%m/%d/%Y %H:%M:%S") for moment in (expires, time.time()))
    return unauthorized(
        f"The access token expiry UTC time '{then}' is earlier than current UTC time '{now}'.",
        "ExpiredAuthenticationToken",
    )
