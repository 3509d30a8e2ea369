"""Proof by an Entra ID token: issued to the approver by their tenant, for Signalbox, about this statement or just now.

Claims as Entra's v2.0 id tokens have them:
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

import jwt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain.approval.statement import Statement
from domain.utc import Moment

GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
RECENT = timedelta(minutes=10)
"""How long after signing in a token without our nonce still counts."""
SKEW = timedelta(minutes=1)
"""By how much the tenant's clock and ours may differ."""
TenantKeys = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Tenant → key id → key, as the tenant publishes them (RFC 7517)."""


Guid = Annotated[str, Field(pattern=GUID), AfterValidator(str.lower)]
"""As the portal shows it; tokens have it in lower case."""


class EntraAccount(BaseModel):
    """An enrolled account. audience: Signalbox's own application. group_id: the group that the token must name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["entra"] = "entra"
    tenant_id: Guid
    object_id: Guid
    audience: str = Field(min_length=1, max_length=200)
    group_id: Guid
    enrolled_at: Moment
    revoked_at: Moment | None = None

    @property
    def id(self) -> str:
        """Tenant and object."""
        return f"entra:{self.tenant_id}/{self.object_id}"

    @property
    def issuer(self) -> str:
        """Who must have issued the token."""
        return f"https://login.microsoftonline.com/{self.tenant_id}/v2.0"


class EntraProof(BaseModel):
    """What is kept. key: the tenant's key that signed the token, as it was published then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["entra"] = "entra"
    token: str = Field(max_length=16_000, repr=False)
    key: dict[str, Any]

    @property
    def once(self) -> str:
        """What it uses up."""
        return f"token {token_digest(self.token)}"

    @property
    def tenant_id(self) -> str:
        """The tenant that the token says it is of; nothing is proven by that."""
        try:
            claims = jwt.decode(self.token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return ""
        return str(claims.get("tid", ""))


def token_digest(token: str) -> str:
    """Names the token without telling it: of what is signed, which no respelling of the signature changes."""
    return sha256(token.rpartition(".")[0].encode()).hexdigest()


def key_id(token: str) -> str | None:
    """Which of the tenant's keys signed; None for a text that is no RS256 token."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, UnicodeError):
        return None
    kid: str | None = header.get("kid")  # get_unverified_header refuses one that is no text
    return kid if header.get("alg") == "RS256" else None


def fault_of_token(
    proof: EntraProof, statement: Statement, account: EntraAccount, keys: TenantKeys, decided_at: datetime
) -> str:
    """Why the token proves nothing about this statement; empty when it does."""
    kid = key_id(proof.token)
    published = keys.get(account.tenant_id, {}).get(str(kid))
    if kid is None or published is None:
        return f"no RS256 key that tenant {account.tenant_id} publishes signed the token"
    if any(proof.key.get(part) != published.get(part) for part in ("kty", "n", "e")):
        return f"key {kid} of tenant {account.tenant_id} is not the key that it was when the decision was made"
    try:
        claims = jwt.decode(
            proof.token,
            jwt.PyJWK(dict(published), algorithm="RS256").key,
            algorithms=["RS256"],
            audience=account.audience,
            issuer=account.issuer,
            options={
                "require": ["exp", "iat", "aud", "iss"],
                "verify_exp": False,  # judged below, at the moment of the decision
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as error:
        return f"the token is not valid: {error}"
    return _fault_of_claims(claims, statement, account, decided_at)


def _fault_of_claims(
    claims: Mapping[str, Any], statement: Statement, account: EntraAccount, decided_at: datetime
) -> str:
    if claims.get("oid") != account.object_id or claims.get("tid") != account.tenant_id:
        return f"the token is for a different account from the one {statement.approver} enrolled"
    groups = claims.get("groups")
    if "_claim_names" in claims and groups is None:
        return "the token names no groups because there are too many; assign the groups to the application instead"
    if not isinstance(groups, list) or account.group_id not in groups:
        return f"the token does not name group {account.group_id}; ask for group claims in the token, or to be added to the group"
    issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
    if issued is None or expires is None:
        return "the token does not say when it was issued and when it expires"
    signed_in = _moment(claims.get("auth_time"))
    newest = max(issued, signed_in) if signed_in is not None and signed_in <= decided_at + SKEW else issued
    if newest < account.enrolled_at.replace(microsecond=0):  # a token tells no more than seconds
        return (
            f"the token was issued at {newest:%Y-%m-%d %H:%M:%S} UTC, before the account was enrolled at "
            f"{account.enrolled_at:%Y-%m-%d %H:%M:%S} UTC; sign in again"
        )
    if decided_at >= expires:
        return f"the token expired at {expires:%Y-%m-%d %H:%M:%S} UTC"
    if issued - decided_at > SKEW:
        return f"the token was issued at {issued:%Y-%m-%d %H:%M:%S} UTC, after the decision was made"
    hashed = sha256(statement.nonce.encode()).hexdigest()  # MSAL sends this
    if claims.get("nonce") in (statement.nonce, hashed):
        return ""
    if signed_in is not None and -SKEW <= decided_at - signed_in <= RECENT:
        return ""
    return (
        f"the token is not about this statement: its nonce must be {statement.nonce}, or the sign-in (auth_time) no more "
        f"than {RECENT // timedelta(minutes=1)} minutes ago"
    )


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
