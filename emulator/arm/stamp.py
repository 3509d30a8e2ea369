"""What the service itself writes on every document: its id, name, type and dates."""

from datetime import UTC, datetime
from typing import Any

from emulator.arm.resource_id import ResourceId


def moment() -> str:
    """Now, as ARM writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def stamped(id: ResourceId, document: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
    """The document under its id; the date of creation stays what it was."""
    now = moment()
    created = (existing or {}).get("systemData", {}).get("createdAt", now)
    data = {
        "createdAt": created,
        "createdBy": "signalbox",
        "createdByType": "Application",
        "lastModifiedAt": now,
        "lastModifiedBy": "signalbox",
        "lastModifiedByType": "Application",
    }
    return {**document, "id": id.path, "name": id.name, "type": id.type, "systemData": data}
