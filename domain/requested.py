"""The manifest of a release, read back from its first fact."""

from collections.abc import Sequence

from pydantic import ValidationError

from domain.errors import Terminal
from domain.fact import Fact
from domain.release import Release


def requested_release(facts: Sequence[Fact]) -> Release:
    """The manifest, as it was requested; Terminal when what is stored is not what was digested."""
    release = Release.model_validate(facts[0].body["release"])
    if release.digest != facts[0].body["digest"]:
        raise Terminal(
            f"the stored manifest of release {release.name} has digest {release.digest}, not {facts[0].body['digest']}: it was changed"
        )
    return release


def readable_release(facts: Sequence[Fact]) -> Release | None:
    """The manifest; None where there is none, or it cannot be read, or was changed: of releases that are only looked at."""
    try:
        return requested_release(facts)
    except (Terminal, ValidationError, LookupError, TypeError):
        return None
