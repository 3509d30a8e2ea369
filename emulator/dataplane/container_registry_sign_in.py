"""Who signs in to a container registry with a name and a password.

Three kinds of names: the registry's admin user, the service principal, and the null GUID with a token as its password
(Azure/acr, docs/AAD-OAuth.md).
"""

import base64
import binascii
import hmac

from emulator.arm.call import Call
from emulator.arm.errors import AzureError
from emulator.behaviours.container_registries import container_registry_at
from emulator.behaviours.container_registry_admin import admin_passwords
from emulator.dataplane.container_registry_errors import RegistryError
from emulator.identity.access import CLIENT_ID, check_token, secret_is_right
from emulator.world import World

NULL_GUID = "00000000-0000-0000-0000-000000000000"


def refresh_audience(host: str) -> str:
    """Of the registry's refresh tokens; its access tokens are for the host itself."""
    return f"https://{host}/refresh"


def check_basic(world: World, call: Call) -> None:
    """RegistryError 401 unless the request carries a name and its password."""
    try:
        given = base64.b64decode(call.headers.get("authorization", "").partition(" ")[2], validate=True)
    except binascii.Error:
        given = b""
    name, _, password = given.decode("utf-8", "replace").partition(":")
    check_sign_in(world, call.host, name, password)


def check_sign_in(world: World, host: str, name: str, password: str) -> None:
    """RegistryError 401 unless the password is that name's."""
    if name == NULL_GUID:
        check_bearer(password, refresh_audience(host), host)
    elif name == CLIENT_ID:
        if not secret_is_right(password):
            raise unauthorized("the service principal's secret is another")
    else:
        _check_admin(world, host, name, password)


def check_bearer(token: str, *audiences: str) -> None:
    """RegistryError 401 unless the token is one for an audience."""
    try:
        check_token({"authorization": f"Bearer {token}"}, *audiences)
    except AzureError as error:
        raise unauthorized(error.message) from error


def unauthorized(reason: str) -> RegistryError:
    """401, without a challenge."""
    return RegistryError(401, "UNAUTHORIZED", reason)


def _check_admin(world: World, host: str, name: str, password: str) -> None:
    document = container_registry_at(world, host) or {"name": "", "properties": {}}
    passwords = admin_passwords(world, document) if document["properties"].get("adminUserEnabled") else {}
    right = [hmac.compare_digest(password.encode(), one.encode()) for one in passwords.values()]
    if name != document["name"] or not any(right):
        raise unauthorized("the admin user is not enabled, or its name or password is another")
