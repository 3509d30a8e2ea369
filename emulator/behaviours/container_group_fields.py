"""What must be said of a container group, and is refused in words of its own where it is not."""

from typing import Any

from emulator.arm.errors import bad_request
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Document


def refuse_unsaid(id: ResourceId, given: Document) -> None:
    """AzureError 400 for a system, amounts or ports that are missing. given: of any shape."""
    if given.get("osType") not in {"Linux", "Windows"}:
        raise bad_request(
            "The 'osType' for container group '<null>' is invalid. The value must be one of 'Windows,Linux'.",
            "InvalidOsType",
        )
    containers = given.get("containers")
    for one in containers if isinstance(containers, list) else ():
        asked = _at(one, "properties", "resources", "requests")
        if not isinstance(asked, dict) or asked.get("cpu") is None or asked.get("memoryInGB") is None:
            raise bad_request(
                f"The resource requests are not specified in container '{_at(one, 'name')}' of contain group '{id.name}'. Both "
                "memory and CPU requests are required since API version '2017-07-01-preview'.",
                "ResourceRequestsNotSpecified",
            )
    address = given.get("ipAddress")
    if isinstance(address, dict) and not address.get("ports"):
        text = f"The ports in the 'ipAddress' of container group '{id.name}' cannot be empty."
        raise bad_request(text, "MissingIpAddressPorts")


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
