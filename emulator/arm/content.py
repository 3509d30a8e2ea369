"""What a client sent for a resource, checked for the shape that every resource has."""

from typing import Any

from emulator.arm.call import Call
from emulator.arm.errors import bad_request

SERVER_FIELDS = ("id", "name", "type", "systemData")
"""Azure's own: what a client says about them is ignored, as is `properties.provisioningState`."""


def content_of(call: Call) -> dict[str, Any]:
    """The body without the fields that are Azure's own; AzureError 400 when properties or tags have the wrong shape."""
    body = {key: value for key, value in call.json().items() if key not in SERVER_FIELDS}
    properties = body.get("properties")
    if isinstance(properties, dict):
        body["properties"] = {key: value for key, value in properties.items() if key != "provisioningState"}
    elif properties is not None:
        raise _wrong("properties", "an object")
    elif "properties" in body:
        del body["properties"]
    _check_tags(body.get("tags"), "tags")
    _check_tags(body.get("properties", {}).get("tags"), "properties.tags")
    return body


def _check_tags(tags: Any, where: str) -> None:
    if tags is None:
        return
    if not isinstance(tags, dict):
        raise _wrong(where, "an object")
    for name, value in tags.items():
        if value is not None and not isinstance(value, str):
            raise _wrong(f"{where}.{name}", "a string")


def _wrong(where: str, wanted: str) -> Exception:
    return bad_request(
        f"The request content was invalid and could not be deserialized: '{where}' must be {wanted}.",
        "InvalidRequestContent",
    )
