"""Repositories of a registry: what manifests they have, and which tag means which."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal


def now() -> str:
    """This moment, as the registry writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


@dataclass
class Attributes:
    """What may be done; a lock is `write` false."""

    delete: bool = True
    write: bool = True
    list: bool = True
    read: bool = True

    def document(self) -> dict[str, bool]:
        """As ACR writes it."""
        return {f"{name}Enabled": value for name, value in asdict(self).items()}

    def change(self, wanted: dict[str, Any]) -> None:
        """Take over what is given; others stay."""
        for name in asdict(self):
            if isinstance(value := wanted.get(f"{name}Enabled"), bool):
                setattr(self, name, value)


@dataclass
class Manifest:
    """An image in a repository. text, config: the documents. size: bytes. tree: its folder's name; empty for docker."""

    digest: str
    text: str
    config: str
    size: int
    runtime: Literal["process", "docker"]
    tree: str
    created: str
    updated: str
    attributes: Attributes = field(default_factory=Attributes)


@dataclass
class Tag:
    """A name of a manifest."""

    name: str
    digest: str
    created: str
    updated: str
    attributes: Attributes = field(default_factory=Attributes)


@dataclass
class Repository:
    """name: with its registry, `NAME.azurecr.io/team/app`."""

    name: str
    created: str
    updated: str
    attributes: Attributes = field(default_factory=Attributes)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)

    @property
    def registry(self) -> str:
        """`NAME.azurecr.io`."""
        return self.name.partition("/")[0]

    @property
    def short(self) -> str:
        """Without the registry."""
        return self.name.partition("/")[2]

    def tags_of(self, digest: str) -> list[str]:
        """The names of a manifest, sorted."""
        return sorted(tag.name for tag in self.tags.values() if tag.digest == digest)

    def manifest(self, reference: str) -> Manifest | None:
        """By tag or digest."""
        tag = self.tags.get(reference)
        return self.manifests.get(tag.digest if tag is not None else reference)

    def may_be_read(self, manifest: Manifest, reference: str) -> bool:
        """Whether what a tag or digest names may be pulled: repository, tag and manifest must each let it."""
        parts = (self, self.tags.get(reference), manifest)
        return all(one.attributes.read for one in parts if one is not None)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Repository":
        """What `asdict` made of it."""
        own = {**document, "attributes": Attributes(**document["attributes"])}
        own["manifests"] = {
            key: Manifest(**{**one, "attributes": Attributes(**one["attributes"])})
            for key, one in document["manifests"].items()
        }
        own["tags"] = {
            key: Tag(**{**one, "attributes": Attributes(**one["attributes"])}) for key, one in document["tags"].items()
        }
        return cls(**own)
