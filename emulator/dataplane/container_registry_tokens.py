"""How clients of a container registry get its tokens: a challenge, then an Entra token, a password or nothing for them.

Sources: Azure/acr, docs/AAD-OAuth.md; the distribution specification's token authentication.
"""

from urllib.parse import parse_qsl

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.behaviours.container_registries import container_registry_at
from emulator.dataplane.container_registry_access import access_of, challenge
from emulator.dataplane.container_registry_errors import RegistryError
from emulator.dataplane.container_registry_sign_in import (
    check_basic,
    check_bearer,
    check_sign_in,
    refresh_audience,
    unauthorized,
)
from emulator.identity.access import ARM_AUDIENCE, check_token, issue_token
from emulator.world import World

ENTRA_AUDIENCES = ("https://containerregistry.azure.net", ARM_AUDIENCE, "https://management.core.windows.net")


def exchange(call: Call) -> Answer:
    """POST /oauth2/exchange: an Entra token for a refresh token."""
    form = _form(call, "access_token")
    check_bearer(_needed(form, "access_token"), *ENTRA_AUDIENCES)
    return Answer(document={"refresh_token": issue_token(refresh_audience(call.host))})


def token(world: World, call: Call) -> Answer:
    """/oauth2/token: a refresh token, a name with its password, or nobody's name for an access token."""
    if call.method == "GET":  # docker login
        known = bool(call.headers.get("authorization"))
        if known:
            check_basic(world, call)
        return _granted(world, call, call.query.get("scope", ""), known)
    form = _form(call, "refresh_token", "password")
    known = form["grant_type"] == "refresh_token" or bool(form.get("username"))
    if form["grant_type"] == "refresh_token":
        check_bearer(_needed(form, "refresh_token"), refresh_audience(call.host))
    elif known:
        check_sign_in(world, call.host, form["username"], form.get("password", ""))
    return _granted(world, call, form.get("scope", ""), known)


def check_caller(world: World, call: Call) -> None:
    """RegistryError 401, with the challenge, unless the request carries a token or password that lets it do this."""
    given = call.headers.get("authorization", "")
    if given.lower().startswith("basic "):
        check_basic(world, call)
        return
    try:
        check_token(call.headers, call.host)
    except AzureError as error:
        if not _is_anonymous(world, call):
            raise challenge(call, "invalid_token" if given else "") from error
        access = access_of(call)
        if access is not None and not access.reads:
            raise challenge(call, "insufficient_scope") from error


def _granted(world: World, call: Call, scope: str, known: bool) -> Answer:
    if not known and not _lets_anybody_pull(world, call.host):
        raise unauthorized("authentication required, visit https://aka.ms/acr/authorization for more information.")
    audience = call.host if known else _anonymous_audience(call.host)
    return Answer(document={"access_token": issue_token(audience, claims={"access": scope})})


def _is_anonymous(world: World, call: Call) -> bool:
    try:
        check_token(call.headers, _anonymous_audience(call.host))
    except AzureError:
        return False
    return _lets_anybody_pull(world, call.host)


def _lets_anybody_pull(world: World, host: str) -> bool:
    document = container_registry_at(world, host)
    return document is not None and document["properties"].get("anonymousPullEnabled") is True


def _anonymous_audience(host: str) -> str:
    return f"https://{host}/anonymous"


def _form(call: Call, *grants: str) -> dict[str, str]:
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    if call.method != "POST" or form.get("grant_type") not in grants:
        raise RegistryError(400, "UNSUPPORTED", f"this asks for a POST with grant_type={' or '.join(grants)}")
    if form.get("service", call.host) != call.host:
        raise RegistryError(400, "UNSUPPORTED", f"the service '{form['service']}' is not this registry, {call.host}")
    return form


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise RegistryError(400, "UNSUPPORTED", f"grant_type={form['grant_type']} asks for {name}")
    return form[name]
