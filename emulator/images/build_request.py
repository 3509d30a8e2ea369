"""What a client asks of a build, checked: ACR's DockerBuildRequest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.arm.errors import AzureError, bad_request
from emulator.images.image_config import architecture
from emulator.images.image_reference import ImageReference

LONGEST_SECONDS = 28_800
DEFAULT_SECONDS = 3_600
"""ACR's own; it takes no less than 300, where the emulator does."""
MOST_NAMES = 100
GIT = re.compile(r"git@|git://|(https?://)?(www\.)?(github\.com|dev\.azure\.com|[\w-]+\.visualstudio\.com)/")
_VARIABLE = re.compile(r"\{\{\s*\.Run\.ID\s*\}\}")


@dataclass(frozen=True)
class BuildRequest:
    """source: relativePath of an upload, or an address of an archive. arguments: values are secret. seconds: it may take."""

    source: str
    dockerfile: str
    names: tuple[ImageReference, ...]
    push: bool
    arguments: Mapping[str, str]
    target: str
    seconds: float

    @classmethod
    def parse(cls, body: Mapping[str, Any], registry: str, run_id: str) -> "BuildRequest":
        """AzureError 400 for what ACR, or the emulator, does not take. registry: its login server."""
        kind = body.get("type")
        if kind != "DockerBuildRequest":
            raise _wrong(f"The emulator's registry builds for a DockerBuildRequest, not a run of type '{kind}'.")
        source = _text(body, "sourceLocation")
        place = source.partition("#")[0]
        if not place or place.endswith(".git") or GIT.match(place):
            raise _wrong(
                "'sourceLocation' must be the relativePath of an upload (listBuildSourceUploadUrl): no git here."
            )
        _check_platform(body.get("platform"))
        seconds = body.get("timeout") or DEFAULT_SECONDS
        if not isinstance(seconds, int) or not 0 < seconds <= LONGEST_SECONDS:
            raise _wrong(f"'timeout' must be a number of seconds from 1 to {LONGEST_SECONDS}.")
        push = body.get("isPushEnabled", True) is not False
        names = _names(body.get("imageNames") or [], registry, run_id)
        if push and not names:
            raise _wrong("'imageNames' must have at least one name when 'isPushEnabled' is true.")
        return cls(
            source=source,
            dockerfile=_text(body, "dockerFilePath") or "Dockerfile",
            names=names,
            push=push,
            arguments=_arguments(body.get("arguments") or []),
            target=_text(body, "target"),
            seconds=float(seconds),
        )


def _names(given: Any, registry: str, run_id: str) -> tuple[ImageReference, ...]:
    if not isinstance(given, list) or len(given) > MOST_NAMES:
        raise _wrong(f"'imageNames' must be a list of at most {MOST_NAMES} names.")
    names = []
    for one in given:
        try:
            name = ImageReference.parse(_VARIABLE.sub(run_id, str(one)), registry)
        except ValueError as error:
            raise _wrong(f"{error}.") from error
        if name.by_digest or name.registry != registry:
            raise _wrong(f"'{one}' must be repository:tag of the registry {registry}.")
        names.append(name)
    return tuple(names)


def _arguments(given: Any) -> dict[str, str]:
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("name") for one in given):
        raise _wrong("'arguments' must be a list of objects with 'name' and 'value'.")
    return {str(one["name"]): str(one.get("value") or "") for one in given}


def _check_platform(given: Any) -> None:
    platform = given if isinstance(given, dict) else {}
    system, machine = platform.get("os"), platform.get("architecture") or architecture()
    if str(system).lower() != "linux":
        raise _wrong(f"'platform.os' is '{system}'; the emulator builds for Linux only.")
    if str(machine).lower() != architecture():
        raise _wrong(f"'platform.architecture' is '{machine}'; this machine builds for {architecture()} only.")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise _wrong(f"'{name}' must be a string.")
    return value


def _wrong(text: str) -> AzureError:
    return bad_request(text, "InvalidParameter")
