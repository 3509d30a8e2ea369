"""A container registry's refusals: a list of errors, each with a code of the distribution specification."""

from typing import Any

from emulator.call import Answer


class RegistryError(Exception):
    """Answers a request to a registry's own host."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}

    def answer(self) -> Answer:
        """As a response of its own."""
        document: dict[str, Any] = {"errors": [{"code": self.code, "message": str(self), "detail": None}]}
        return Answer(self.status, document, headers=self.headers)


def unknown_repository(name: str) -> RegistryError:
    """404."""
    return RegistryError(404, "NAME_UNKNOWN", f"repository name not known to registry: {name}")


def unknown_manifest(reference: str) -> RegistryError:
    """404."""
    kind = "with digest" if reference.startswith("sha256:") else "tagged by"
    return RegistryError(404, "MANIFEST_UNKNOWN", f'manifest {kind} "{reference}" is not found')


def unknown_tag(name: str) -> RegistryError:
    """404."""
    return RegistryError(404, "TAG_UNKNOWN", f"the specified tag does not exist: {name}")


def locked(error: Exception) -> RegistryError:
    """405, ACR's answer to changing what is locked."""
    return RegistryError(405, "UNSUPPORTED", str(error))
