"""The authorization endpoint: it signs in whom `login_hint` names, at once, and sends a code back to the application."""

import html
import re
import time
from urllib.parse import urlencode, urlsplit

from emulator.arm.call import Answer
from emulator.dataplane.login_errors import UNCACHED, LoginError, missing, unknown_user
from emulator.dataplane.login_token import Form, check_client, client_info
from emulator.identity.sign_ins import SignIn
from emulator.world import World

_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_REDIRECT = re.compile(r"[!-\"$-~]{1,2000}")
"""Printable ASCII without a fragment: nothing in it ends the header that it becomes a part of."""
_MODES = ("query", "fragment", "form_post")


def authorize(world: World, tenant: str, form: Form) -> Answer:
    """Answer a browser that an application sent here; LoginError when it cannot be sent back."""
    client, redirect_uri = form.get("client_id", ""), form.get("redirect_uri", "")
    check_client(tenant, client)
    if not _is_registered(redirect_uri):
        text = (
            f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for "
            f"the application '{client}'. The emulator's applications have http://localhost and http://127.0.0.1."
        )
        raise LoginError(400, "invalid_request", 50011, text)
    mode = form.get("response_mode", "query")
    if mode not in _MODES:
        raise LoginError(400, "invalid_request", 90023, f"The response_mode '{mode}' is not supported.")
    try:
        parameters = _signed_in(world, tenant, form)
    except LoginError as error:
        parameters = {"error": error.error, "error_description": error.description}
    if "state" in form:
        parameters["state"] = form["state"]
    return _sent_back(redirect_uri, mode, parameters)


def _signed_in(world: World, tenant: str, form: Form) -> dict[str, str]:
    if form.get("response_type") != "code":
        text = f"response_type '{form.get('response_type', '')}' is not enabled for the application."
        raise LoginError(400, "unsupported_response_type", 700054, text)
    if "scope" not in form:
        raise missing("scope")
    challenge, method = form.get("code_challenge", ""), form.get("code_challenge_method", "plain")
    if method not in ("S256", "plain"):
        raise LoginError(400, "invalid_request", 50149, "Invalid Code_Challenge_method parameter.")
    if challenge and not _CHALLENGE.fullmatch(challenge):
        raise LoginError(400, "invalid_request", 501491, "Invalid size of Code_Challenge parameter.")
    if "login_hint" not in form:
        text = (
            "A silent sign-in request was sent but no user is signed in. The emulator signs in whom login_hint names."
        )
        raise LoginError(400, "login_required", 50058, text)
    user = world.users.find(form["login_hint"])
    if user is None:
        raise unknown_user(form["login_hint"], tenant)
    sign_in = SignIn(
        username=user.username,
        client=form["client_id"],
        redirect_uri=form["redirect_uri"],
        scopes=tuple(form["scope"].split()),
        nonce=form.get("nonce", ""),
        challenge=challenge,
        method=method,
        at=time.time(),
    )
    about = {"client_info": client_info(user)} if form.get("client_info") == "1" else {}
    return {"code": world.sign_ins.add(sign_in), **about}


def _is_registered(redirect_uri: str) -> bool:
    """Loopback addresses, of any port and path, as of an application for desktops; so no code goes anywhere else."""
    if not _REDIRECT.fullmatch(redirect_uri):
        return False
    try:
        parts = urlsplit(redirect_uri)
        parts.port  # noqa: B018 (raises for what is no port)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")


def _sent_back(redirect_uri: str, mode: str, parameters: dict[str, str]) -> Answer:
    if mode == "form_post":
        fields = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in parameters.items()
        )
        page = (
            f'<html><head><title>Working...</title></head><body><form method="POST" action="{html.escape(redirect_uri)}">'
            f'{fields}<noscript><input type="submit" value="Continue"></noscript></form>'
            "<script>document.forms[0].submit();</script></body></html>"
        )
        return Answer(content=page.encode(), headers={"Content-Type": "text/html; charset=utf-8"} | UNCACHED)
    mark = "#" if mode == "fragment" else "&" if "?" in redirect_uri else "?"
    return Answer(302, headers={"Location": f"{redirect_uri}{mark}{urlencode(parameters)}"} | UNCACHED)
