"""How clients of a container registry sign in: a challenge, an Entra token exchanged for the registry's own, or the admin.

Sources: Azure/acr, docs/AAD-OAuth.md; the distribution specification's token authentication.
"""

import base64
import binascii
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from emulator.arm.errors import AzureError
from emulator.behaviours.container_registries import admin_password, container_registry_at
from emulator.call import Answer, Call
from emulator.dataplane.container_registry_errors import RegistryError
from emulator.identity import ARM_AUDIENCE, check_token, issue_token

if TYPE_CHECKING:
    from emulator.world import World

ENTRA_AUDIENCES = ("https://containerregistry.azure.net", ARM_AUDIENCE, "https://management.core.windows.net")
VERBS = {"GET": "metadata_read", "HEAD": "metadata_read", "PATCH": "metadata_write", "DELETE": "delete"}


def exchange(call: Call) -> Answer:
    """POST /oauth2/exchange: an Entra token for a refresh token."""
    form = _form(call, "access_token")
    _check(form["access_token"], *ENTRA_AUDIENCES)
    return Answer(document={"refresh_token": issue_token(_refresh(call.host))})


def token(world: "World", call: Call) -> Answer:
    """/oauth2/token: a refresh token, or the admin's password, for an access token."""
    if call.method == "GET":  # docker login, with the admin's name and password
        check_admin(world, call)
        scope = call.query.get("scope", "")
    else:
        form = _form(call, "refresh_token")
        _check(form["refresh_token"], _refresh(call.host))
        scope = form.get("scope", "")
    granted = issue_token(call.host, claims={"access": scope})
    return Answer(document={"access_token": granted})


def check_caller(world: "World", call: Call) -> None:
    """RegistryError 401, with the challenge, unless the request carries the registry's token or the admin's password."""
    if call.headers.get("authorization", "").lower().startswith("basic "):
        check_admin(world, call)
        return
    try:
        check_token(call.headers, call.host)
    except AzureError as error:
        place = f'realm="https://{call.host}/oauth2/token",service="{call.host}",scope="{_scope(call)}"'
        text = "authentication required, visit https://aka.ms/acr/authorization for more information."
        wrong = ',error="invalid_token"' if call.headers.get("authorization") else ""
        challenge = {"WWW-Authenticate": f"Bearer {place}{wrong}"}
        raise RegistryError(401, "UNAUTHORIZED", text, challenge) from error


def check_admin(world: "World", call: Call) -> None:
    """RegistryError 401 unless the admin is enabled, and this is the admin's password."""
    document = container_registry_at(world, call.host) or {"name": "", "properties": {}}
    try:
        given = base64.b64decode(call.headers.get("authorization", "").partition(" ")[2], validate=True)
    except binascii.Error:
        given = b""
    right = f"{document['name']}:{admin_password(world, call.host)}".encode()
    if not document["properties"].get("adminUserEnabled") or not hmac.compare_digest(given, right):
        raise _unauthorized("the admin user is not enabled, or its name or password is another")


def _form(call: Call, needed: str) -> dict[str, str]:
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    if call.method != "POST" or form.get("grant_type") != needed or not form.get(needed):
        raise RegistryError(400, "UNSUPPORTED", f"this asks for a POST with grant_type={needed} and {needed}")
    if form.get("service", call.host) != call.host:
        raise RegistryError(400, "UNSUPPORTED", f"the service '{form['service']}' is not this registry, {call.host}")
    return form


def _check(token: str, *audiences: str) -> None:
    try:
        check_token({"authorization": f"Bearer {token}"}, *audiences)
    except AzureError as error:
        raise _unauthorized(error.message) from error


def _unauthorized(reason: str) -> RegistryError:
    return RegistryError(401, "UNAUTHORIZED", reason)


def _refresh(host: str) -> str:
    return f"https://{host}/refresh"


def _scope(call: Call) -> str:
    if call.path.endswith("/_catalog"):
        return "registry:catalog:*"
    kind, _, rest = call.path.lstrip("/").partition("/")
    if not rest:
        return ""
    if kind == "acr":
        return f"repository:{rest.partition('/')[2].partition('/_')[0]}:{VERBS.get(call.method, 'pull')}"
    repository = rest.partition("/manifests/")[0].partition("/blobs/")[0].removesuffix("/tags/list")
    return f"repository:{repository}:{'delete' if call.method == 'DELETE' else 'pull'}"
