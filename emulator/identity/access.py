"""Who may ask: the one tenant of the emulator, its applications, and the access tokens it signs and checks."""

import hmac
import os
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt

from emulator.arm.errors import unauthorized
from emulator.identity import token_keys

TENANT_ID = "00000000-0000-0000-0000-00000000000a"
CLIENT_ID = "00000000-0000-0000-0000-00000000000c"
CLIENT_SECRET = os.environ.get("EMULATOR_CLIENT_SECRET", "signalbox-laptop")
"""Opens nothing but an emulator on the loopback interface."""
AZURE_CLI_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The other application that people sign in to: Azure's command line, which every tenant knows. It has no secret."""
ARM_AUDIENCE = "https://management.azure.com"
ISSUER = f"https://sts.windows.net/{TENANT_ID}/"
"""Of access tokens."""
ISSUER_V2 = f"https://login.microsoftonline.com/{TENANT_ID}/v2.0"
"""Of id tokens."""
LIFETIME_SECONDS = 3599
"""As Entra's."""

_CACHED = 1024
_verified: dict[str, tuple[str, float]] = {}


def secret_is_right(secret: str) -> bool:
    """Whether this is the client's secret."""
    return hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())


def issue_token(audience: str, lifetime: float = LIFETIME_SECONDS, claims: Mapping[str, str] | None = None) -> str:
    """A signed access token for an audience; lifetime in seconds. claims: beside the client's own, or in their place."""
    now = int(time.time())
    everything = {
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
        **(claims or {}),
    }
    return token_keys.sign(everything)


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
        key = token_keys.public_key(jwt.get_unverified_header(token).get("kid", ""))
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
