"""COPY and ADD: files of the context, or of another stage, into a stage's tree."""

import tarfile
from pathlib import Path

from emulator.images.build_context import sources, unpack
from emulator.images.build_failure import BuildFailedError
from emulator.images.dockerfile import Instruction
from emulator.images.stage import Stage
from emulator.images.substitution import words
from emulator.images.tree import copy_into

CONTEXT = "build context or excluded by .dockerignore"
IGNORED = frozenset({"chown", "chmod", "link", "from"})
"""Flags that change nothing in a tree whose processes run as one user, and the one that is looked at elsewhere."""


def copy(stage: Stage, one: Instruction, origin: Path, where: str = CONTEXT) -> None:
    """Copy what an instruction names. origin: the folder it is in; where: how messages call that."""
    unknown = [name for name, _ in one.flags if name not in IGNORED]
    if unknown:
        raise BuildFailedError(f"{one.word} --{unknown[0]} is not understood here; build with a Docker engine")
    listed = one.listed()
    parts = list(listed) if listed is not None else words(one.rest, stage.variables)
    if len(parts) < 2:
        raise BuildFailedError(f"{one.word} requires at least two arguments: what, and where to")
    given, target = parts[:-1], stage.path(parts[-1])
    for pattern in given:
        if pattern.startswith(("http://", "https://", "git@")):
            raise BuildFailedError(f"ADD of an address ({pattern}) is not done here; put the file into the context")
    found = [item for pattern in given for item in sources(origin, pattern, where)]
    place = stage.place(target)
    if not place.resolve().is_relative_to(stage.root.resolve()):
        raise BuildFailedError(f"{one.word} failed: {target} leads out of the image through a link")
    into = target.endswith("/") or place.is_dir()
    if len(found) > 1 and not into:
        raise BuildFailedError(
            f"When using {one.word} with more than one source file, the destination must be a directory and end with a /"
        )
    for item in found:
        if item.is_dir():
            copy_into(item, place, origin, stage.root)
        elif one.word == "ADD" and tarfile.is_tarfile(item):
            unpack(item, place)
        else:
            copy_into(item, place / item.name if into else place, origin, stage.root)
