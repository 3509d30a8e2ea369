"""The manifest of a release, read back from its first fact."""

from collections.abc import Sequence

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
