"""Tokens of people, with the claims of Entra's v2.0 id tokens and v1.0 access tokens.

The emulator's applications ask for the optional claims `auth_time` and `groups`, as an application registered for
approvals must (https://learn.microsoft.com/entra/identity-platform/optional-claims).
"""

import base64
import secrets
import time
from collections.abc import Collection
from hashlib import sha256
from typing import Any

from emulator.identity import access, token_keys
from emulator.identity.users import User

BACKDATED_SECONDS = 300
"""By how much Entra sets `iat` and `nbf` back; only `auth_time` tells when somebody signed in."""
MOST_GROUPS = 200
"""Of more, a token names none and says where to ask (the groups overage claim)."""
GRAPH = "00000003-0000-0000-c000-000000000000"
"""The resource of a scope that names none."""
_ABOUT_THE_PERSON = frozenset({"openid", "profile", "email", "offline_access"})


def id_token(user: User, client: str, scopes: Collection[str], nonce: str, auth_time: float) -> str:
    """Who signed in, for the client's eyes. nonce: empty when none was sent; auth_time: seconds since 1970."""
    issued = int(time.time()) - BACKDATED_SECONDS
    claims = {
        "aud": client,
        "iss": access.ISSUER_V2,
        "iat": issued,
        "nbf": issued,
        "exp": issued + BACKDATED_SECONDS + access.LIFETIME_SECONDS + 1,
        "auth_time": int(auth_time),
        "sub": _subject(user, client),
        "tid": access.TENANT_ID,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
    }
    if "profile" in scopes:
        claims |= {"name": user.name, "oid": str(user.oid), "preferred_username": user.username}
    if nonce:
        claims["nonce"] = nonce
    return token_keys.sign(claims | _groups(user))


def access_token(user: User, client: str, scopes: Collection[str], audience: str) -> str:
    """What opens a resource in the person's name."""
    granted = " ".join(scope.rpartition("/")[2] for scope in scopes if scope not in _ABOUT_THE_PERSON)
    claims = {
        "appid": client,
        "oid": str(user.oid),
        "sub": _subject(user, audience),
        "upn": user.username,
        "name": user.name,
        "scp": granted or "openid profile",
    }
    return access.issue_token(audience, claims=claims)


def audiences(scopes: Collection[str]) -> set[str]:
    """The resources that scopes are of: `https://management.azure.com/.default` is of `https://management.azure.com`."""
    return {scope.rpartition("/")[0] or GRAPH for scope in scopes if scope not in _ABOUT_THE_PERSON}


def _groups(user: User) -> dict[str, Any]:
    if len(user.groups) > MOST_GROUPS:
        where = f"https://graph.windows.net/{access.TENANT_ID}/users/{user.oid}/getMemberObjects"
        return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": where}}}
    return {"groups": [str(group) for group in user.groups]} if user.groups else {}


def _subject(user: User, client: str) -> str:
    return base64.urlsafe_b64encode(sha256(f"{client}/{user.oid}".encode()).digest()).rstrip(b"=").decode()
