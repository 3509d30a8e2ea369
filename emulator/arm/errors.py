"""Azure's errors, in its own codes and words."""

from typing import Any

from emulator.arm.resource_id import ResourceId


class AzureError(Exception):
    """Answers a request: `{"error": {"code", "message"}}` with a status. headers go with it."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    @property
    def document(self) -> dict[str, Any]:
        """The body that Azure sends."""
        return {"error": {"code": self.code, "message": self.message, "details": []}}


def not_found(what: str, name: str) -> AzureError:
    """404: Azure ML's own word for a resource that is not there is UserError; ARM's is ResourceNotFound."""
    return AzureError(404, "ResourceNotFound", f"The {what} '{name}' was not found.")


def resource_not_found(id: ResourceId) -> AzureError:
    """404, as ARM says it of any resource."""
    if id.namespace == "Microsoft.Resources":
        noun = {"resourcegroups": "ResourceGroup"}.get(id.pairs[-1][0].lower(), "Resource")
        return AzureError(404, f"{noun}NotFound", f"{noun} '{id.name}' could not be found.")
    resource = "/".join([id.namespace, *(part for pair in id.pairs for part in pair)])
    group = id.scope.rpartition("/")[2]
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def parent_not_found(path: str) -> AzureError:
    """404 for a child of nothing."""
    return AzureError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform operation on nested resource. The parent resource '{path}' could not be found.",
    )


def bad_request(message: str, code: str = "BadRequest") -> AzureError:
    """400."""
    return AzureError(400, code, message)


def conflict(message: str, code: str = "Conflict") -> AzureError:
    """409."""
    return AzureError(409, code, message)


def unauthorized(message: str, code: str = "InvalidAuthenticationToken") -> AzureError:
    """401, with the challenge that clients expect."""
    challenge = 'Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"'
    return AzureError(401, code, message, {"WWW-Authenticate": challenge})
