"""Images by the references that they were pushed under."""

import json
import shutil
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from emulator.images.image import Image


class ImageStore:
    """Images under one folder. What was added survives a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, tag: str, image: Image) -> None:
        """Keep an image under its digest and a tag."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for reference in (f"{image.reference}:{tag}", f"{image.reference}@{image.digest}"):
            self._file(reference).write_text(json.dumps(asdict(image), default=str), encoding="utf-8")

    def find(self, reference: str) -> Image | None:
        """The image of `NAME.azurecr.io/repository:tag` or `…@sha256:…`; None when there is none."""
        file = self._file(reference)
        if not file.is_file():
            return None
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        kept |= {name: Path(kept[name]) if kept[name] else None for name in ("root", "python")}
        kept |= {name: tuple(kept[name]) for name in ("entrypoint", "command", "ports")}
        return Image(**kept)

    def reset(self) -> None:
        """Forget all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, reference: str) -> Path:
        return self._folder / f"{sha256(reference.encode()).hexdigest()}.json"
