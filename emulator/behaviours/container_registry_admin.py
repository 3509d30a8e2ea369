"""The admin user of a container registry: called like it, with two passwords, so that one can be changed after the other."""

import re

from emulator.arm.call import Answer
from emulator.arm.errors import bad_request
from emulator.behaviours import Document
from emulator.world import World

NAMES = ("password", "password2")
CHANGES = "passwordChanges"
"""A property that no client sees: how often each password was changed."""
LENGTH = 52


def admin_passwords(world: World, document: Document) -> dict[str, str]:
    """By name, whether the admin is enabled or not."""
    properties = document["properties"]
    changes = properties.get(CHANGES) or {}
    keys = {name: f"{properties['loginServer']}/{name}/{changes.get(name, 0)}" for name in NAMES}
    return {name: re.sub(r"\W", "", world.keys.key(key))[:LENGTH] for name, key in keys.items()}


def list_credentials(world: World, document: Document) -> Answer:
    """AzureError 400 while the admin is disabled."""
    _refuse_while_disabled(document)
    passwords = [{"name": name, "value": value} for name, value in admin_passwords(world, document).items()]
    return Answer(document={"username": document["name"], "passwords": passwords})


def regenerate_credential(world: World, document: Document, name: str) -> Answer:
    """One password becomes another; the other stays."""
    if name not in NAMES:
        raise bad_request(f"The password name '{name}' is not one of {', '.join(NAMES)}.", "InvalidParameter")
    _refuse_while_disabled(document)
    changes = document["properties"].get(CHANGES) or {}
    document["properties"][CHANGES] = {**changes, name: changes.get(name, 0) + 1}
    world.store.put(document["id"], document)
    return list_credentials(world, document)


def _refuse_while_disabled(document: Document) -> None:
    if not document["properties"].get("adminUserEnabled"):
        raise bad_request(
            f"Cannot perform credential operations for {document['id']} as admin user is disabled. Kindly enable admin user as "
            "per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account",
            "UnAuthorizedForCredentialOperations",
        )
