"""Who may pull an image: a container registry is private, and asks for credentials of its own."""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.arm.errors import AzureError
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import behaviour_of
from emulator.containers.group_form import Credential
from emulator.identity.access import CLIENT_ID, secret_is_right
from emulator.world import World

REGISTRIES = "Microsoft.ContainerRegistry/registries"
SUFFIX = ".azurecr.io"


def may_pull(world: World, image: str, credentials: Iterable[Credential], identity: Mapping[str, Any]) -> bool:
    """Whether one of the credentials opens the image's registry. identity: the group's own, as its document has it.

    Three are known: the service principal, the registry's admin user while it is enabled, and a managed identity of the group.
    """
    server = image.partition("/")[0].lower()
    return any(_opens(world, server, one, identity) for one in credentials if one.server.lower() == server)


def _opens(world: World, server: str, credential: Credential, identity: Mapping[str, Any]) -> bool:
    if credential.identity is not None:
        assigned = [name.lower() for name in identity.get("userAssignedIdentities") or {}]
        return credential.identity.lower() in assigned
    username, password = credential.username or "", credential.password or ""
    if username == CLIENT_ID:
        return secret_is_right(password)
    return any(
        hmac.compare_digest(password.encode(), one.encode()) for one in _admin_passwords(world, server, username)
    )


def _admin_passwords(world: World, server: str, username: str) -> list[str]:
    """As the registry itself gives them out; none when its admin user is not enabled."""
    if server != f"{username.lower()}{SUFFIX}":
        return []
    for document in world.store.all_of(REGISTRIES):
        if document["name"].lower() == username.lower():
            id = ResourceId.parse(document["id"])
            try:
                given = behaviour_of(REGISTRIES).action(world, id, "listCredentials", {}).document
            except AzureError:
                return []
            return [str(one["value"]) for one in given["passwords"]]
    return []
