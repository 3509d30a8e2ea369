"""The token endpoint: client credentials, and people by password or by the code of a sign-in."""

import base64
import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from emulator.arm.call import Answer
from emulator.dataplane.login_errors import UNCACHED, LoginError, missing, unknown_client, unknown_user
from emulator.identity import access, user_tokens
from emulator.identity.sign_ins import CODE_SECONDS
from emulator.identity.users import User
from emulator.world import World

Form = Mapping[str, str]


def token(world: World, tenant: str, form: Form) -> Answer:
    """Answer one request for tokens; LoginError when it gets none."""
    grant, client = form.get("grant_type", ""), form.get("client_id", "")
    if grant not in ("client_credentials", "password", "authorization_code"):
        text = f"The app requested an unsupported grant type '{grant}'."
        raise LoginError(400, "unsupported_grant_type", 70003, text)
    check_client(tenant, client)
    if grant == "client_credentials" or "client_secret" in form:
        _check_secret(client, form.get("client_secret", ""))
    if grant == "client_credentials":
        return _for_client(form.get("scope", ""))
    if grant == "password":
        return _by_password(world, tenant, client, form)
    return _by_code(world, tenant, client, form)


def check_client(tenant: str, client: str) -> None:
    """LoginError unless the application is known."""
    if client not in (access.CLIENT_ID, access.AZURE_CLI_ID):
        raise unknown_client(client, tenant)


def _check_secret(client: str, secret: str) -> None:
    if client == access.AZURE_CLI_ID:
        text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
        raise LoginError(401, "invalid_client", 700025, text)
    if not access.secret_is_right(secret):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client}'."
        )
        raise LoginError(401, "invalid_client", 7000215, text)


def _for_client(scope: str) -> Answer:
    resources = [one.removesuffix("/.default") for one in scope.split() if one.endswith("/.default")]
    if len(resources) != 1:
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        raise LoginError(400, "invalid_scope", 1002012, text)
    return _answer(access.issue_token(resources[0]), {})


def _by_password(world: World, tenant: str, client: str, form: Form) -> Answer:
    for parameter in ("username", "password", "scope"):
        if parameter not in form:
            raise missing(parameter)
    user = world.users.find(form["username"])
    if user is None:
        raise unknown_user(form["username"], tenant)
    if not user.has_password(form["password"]):
        text = "Error validating credentials due to invalid username or password."
        raise LoginError(400, "invalid_grant", 50126, text)
    return _for_person(user, client, form["scope"].split(), "", time.time(), form)


def _by_code(world: World, tenant: str, client: str, form: Form) -> Answer:
    code = form.get("code")
    if code is None:
        raise missing("code")
    if world.sign_ins.was_redeemed(code):
        text = (
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
            "refresh token."
        )
        raise LoginError(400, "invalid_grant", 54005, text)
    sign_in = world.sign_ins.find(code)
    if sign_in is None or sign_in.client != client:
        raise LoginError(400, "invalid_grant", 70000, "Provided grant is invalid or malformed.")
    if time.time() >= sign_in.at + CODE_SECONDS:
        text = "The provided authorization code or refresh token has expired due to inactivity."
        raise LoginError(400, "invalid_grant", 70008, text)
    if form.get("redirect_uri") != sign_in.redirect_uri:
        text = (
            f"The reply address '{form.get('redirect_uri', '')}' does not match the reply address "
            f"'{sign_in.redirect_uri}' provided when requesting Authorization code."
        )
        raise LoginError(400, "invalid_grant", 500112, text)
    if not sign_in.answers_challenge(form.get("code_verifier", "")):
        text = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        raise LoginError(400, "invalid_grant", 501481, text)
    user = world.users.find(sign_in.username)
    if user is None:
        raise unknown_user(sign_in.username, tenant)
    answer = _for_person(user, client, sign_in.scopes, sign_in.nonce, sign_in.at, form)
    world.sign_ins.redeem(code)
    return answer


def _for_person(user: User, client: str, scopes: Collection[str], nonce: str, signed_in: float, form: Form) -> Answer:
    resources = user_tokens.audiences(scopes) or {user_tokens.GRAPH}
    if len(resources) > 1:
        text = (
            "Provided value for the input parameter scope is not valid because it contains more than one resource. "
            f"Scope {' '.join(scopes)} is not valid."
        )
        raise LoginError(400, "invalid_scope", 28000, text)
    more: dict[str, Any] = {"scope": " ".join(scope for scope in scopes if scope != "offline_access")}
    if "openid" in scopes:
        more["id_token"] = user_tokens.id_token(user, client, scopes, nonce, signed_in)
    if form.get("client_info") == "1":
        more["client_info"] = client_info(user)
    return _answer(user_tokens.access_token(user, client, scopes, resources.pop()), more)


def client_info(user: User) -> str:
    """The account, as msal keeps it."""
    text = json.dumps({"uid": str(user.oid), "utid": access.TENANT_ID})
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _answer(access_token: str, more: dict[str, Any]) -> Answer:
    seconds = access.LIFETIME_SECONDS
    document = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": access_token}
    return Answer(document=document | more, headers=UNCACHED)
