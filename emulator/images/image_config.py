"""What an image says about how it is run, and its documents in the registry. (OCI image specification 1.1.)"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True)
class ImageConfig:
    """As Dockerfiles set it. ports: `8080/tcp`. All paths are the image's."""

    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = "/"
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    healthcheck: str = ""

    def document(self, layers: tuple[str, ...]) -> dict[str, Any]:
        """As the registry keeps it. layers: digests of what is in it; no dates: equal images have equal digests."""
        inner: dict[str, Any] = {
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "WorkingDir": self.workdir,
            "Entrypoint": list(self.entrypoint) or None,
            "Cmd": list(self.command) or None,
            "ExposedPorts": {port: {} for port in sorted(self.ports)} or None,
            "Labels": dict(sorted(self.labels.items())) or None,
            "User": self.user or None,
            "Healthcheck": {"Test": ["CMD-SHELL", self.healthcheck]} if self.healthcheck else None,
        }
        kept = {name: value for name, value in inner.items() if value is not None}
        base = {"architecture": architecture(), "os": "linux"}
        return {**base, "config": kept, "rootfs": {"type": "layers", "diff_ids": list(layers)}}

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "ImageConfig":
        """Of such a document, or of what `docker image inspect` says (which writes the inner part as `Config`)."""
        inner = document.get("config") or document.get("Config") or {}
        test = (inner.get("Healthcheck") or {}).get("Test") or []
        return cls(
            env=dict(one.partition("=")[::2] for one in inner.get("Env") or []),
            entrypoint=tuple(inner.get("Entrypoint") or ()),
            command=tuple(inner.get("Cmd") or ()),
            workdir=inner.get("WorkingDir") or "/",
            ports=tuple(inner.get("ExposedPorts") or {}),
            labels=dict(inner.get("Labels") or {}),
            user=inner.get("User") or "",
            healthcheck=" ".join(test[1:]),
        )


@dataclass(frozen=True)
class Documents:
    """An image's manifest and config, as bytes that their digests are of. size: of the whole image, in bytes."""

    manifest: str
    config: str
    size: int

    @property
    def digest(self) -> str:
        """The image's: its manifest's."""
        return digest_of(self.manifest.encode())


def documents(config: ImageConfig, layers: tuple[tuple[str, int], ...]) -> Documents:
    """The documents of an image. layers: digest and size of each part of its files."""
    text = _canonical(config.document(tuple(digest for digest, _ in layers)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "size": len(text.encode()), "digest": digest_of(text.encode())},
        "layers": [{"mediaType": LAYER_TYPE, "size": size, "digest": digest} for digest, size in layers],
    }
    return Documents(_canonical(manifest), text, sum(size for _, size in layers))


def digest_of(content: bytes) -> str:
    """`sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def architecture() -> str:
    """This machine's, in Go's words."""
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _canonical(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
