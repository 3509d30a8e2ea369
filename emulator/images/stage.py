"""One stage of a build as an unpacked tree: what FROM begins, and the next FROM ends."""

from dataclasses import dataclass, field
from pathlib import Path

from emulator.images.image_config import ImageConfig


@dataclass
class Stage:
    """names: by which later stages may ask for it. arguments: what ARG declared in it. has_command: whether CMD was in it."""

    root: Path
    config: ImageConfig
    names: tuple[str, ...]
    arguments: dict[str, str] = field(default_factory=dict)
    has_command: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """What `$NAME` means in it: ENV before ARG."""
        return {**self.arguments, **self.config.env}

    @property
    def folder(self) -> Path:
        """Its working folder, on this machine."""
        return self.place(self.config.workdir)

    def path(self, given: str) -> str:
        """A path in the image, from the working folder on; normal, but it keeps the slash at its end."""
        parts: list[str] = []
        for part in (given if given.startswith("/") else f"{self.config.workdir}/{given}").split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in {"", "."}:
                parts.append(part)
        return "/" + "/".join(parts) + ("/" if parts and given.endswith(("/", "/.")) else "")

    def place(self, path: str) -> Path:
        """Where an absolute path of the image is on this machine."""
        return self.root / path.strip("/")
