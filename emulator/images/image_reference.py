"""Names of images: `NAME.azurecr.io/repository:tag`, or with `@sha256:…` in place of the tag."""

import re
from dataclasses import dataclass

HOST_SUFFIX = ".azurecr.io"

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_REPOSITORY = 255


@dataclass(frozen=True)
class ImageReference:
    """registry: `NAME.azurecr.io`. version: a tag or a digest."""

    registry: str
    repository: str
    version: str

    @property
    def name(self) -> str:
        """With the registry, without the version."""
        return f"{self.registry}/{self.repository}"

    @property
    def by_digest(self) -> bool:
        """Whether the version is a digest."""
        return self.version.startswith("sha256:")

    @classmethod
    def parse(cls, text: str, registry: str = "") -> "ImageReference":
        """Read a reference; without a tag it is `latest`. registry: where it names none. ValueError for what is none."""
        host, slash, rest = text.partition("/")
        if not slash or not host.endswith(HOST_SUFFIX):
            host, rest = registry, text
        repository, at, version = rest.partition("@")
        if not at:
            repository, _, version = rest.partition(":")
        version = version or "latest"
        right = DIGEST if at else TAG
        if not host or not REPOSITORY.fullmatch(repository) or len(repository) > MOST_REPOSITORY:
            raise ValueError(f"'{text}' is no image name: it is to be repository:tag, in lower case")
        if not right.fullmatch(version):
            raise ValueError(f"'{text}' has no proper tag or digest: '{version}'")
        return cls(host.lower(), repository, version)
