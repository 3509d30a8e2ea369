"""An image, as something that runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Image:
    """An image as it can be run.

    reference: NAME.azurecr.io/repository. digest: `sha256:…` of its manifest. runtime: whether the Docker engine has it, or
    it is a tree here. root: the unpacked tree; None for docker. python: the interpreter of the image's own venv, if it has one.
    workdir: as in the image (`/app`). Of a tree, the paths in env, entrypoint and command point into it already.
    """

    reference: str
    digest: str
    runtime: Literal["process", "docker"]
    root: Path | None
    python: Path | None
    workdir: str
    env: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    ports: tuple[int, ...]
    labels: Mapping[str, str]
