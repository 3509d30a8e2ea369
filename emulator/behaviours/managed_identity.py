"""A resource's managed identity: what Azure says of it once it exists."""

import uuid
from typing import Any

from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document
from emulator.identity.access import TENANT_ID


def known_identity(id: ResourceId, asked: Document) -> Document:
    """The identity as it was asked for, with its principals: the same ones each time, made of the resources' ids."""
    kind = str(asked.get("type") or "None")
    found: Document = {"type": kind}
    if "SystemAssigned" in kind:
        found["principalId"] = _uuid(id.key)
    if kind != "None":
        found["tenantId"] = TENANT_ID
    assigned: dict[str, Any] = asked.get("userAssignedIdentities") or {}
    if "UserAssigned" in kind:
        found["userAssignedIdentities"] = {
            name: {"principalId": _uuid(name.lower()), "clientId": _uuid(f"{name.lower()}/client")} for name in assigned
        }
    return found


def _uuid(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
