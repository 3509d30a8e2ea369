"""A container registry's refusals: a list of errors, each with a code of the distribution specification or of ACR's own."""

from typing import Any

from emulator.arm.call import Answer

DISALLOWED = (
    "The operation is disallowed on this registry, repository or image. View troubleshooting steps at "
    "https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation"
)


class RegistryError(Exception):
    """Answers a request to a registry's own host. detail: left out where Azure says none."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None, detail: Any = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.headers, self.detail = status, code, headers or {}, detail

    def answer(self) -> Answer:
        """As a response of its own."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.detail is not None:
            error["detail"] = self.detail
        return Answer(self.status, {"errors": [error]}, headers=self.headers)


def unknown_repository(name: str) -> RegistryError:
    """404."""
    return RegistryError(404, "NAME_UNKNOWN", "repository name not known to registry", detail={"name": name})


def unknown_manifest(reference: str = "") -> RegistryError:
    """404. reference: where the distribution's own path was asked; ACR's paths do not repeat it."""
    if not reference:
        return RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown")
    kind = "with digest" if reference.startswith("sha256:") else "tagged by"
    return RegistryError(404, "MANIFEST_UNKNOWN", f'manifest {kind} "{reference}" is not found')


def unknown_tag() -> RegistryError:
    """404."""
    return RegistryError(404, "TAG_UNKNOWN", "the specified tag does not exist")


def disallowed() -> RegistryError:
    """405, ACR's answer to changing what is locked, and to reading what may not be read."""
    return RegistryError(405, "REGISTRY_DISALLOWED_OPERATION", DISALLOWED, detail={})
