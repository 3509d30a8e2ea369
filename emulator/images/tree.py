"""Unpacked trees: copied, measured. Their folders' names are all equally long, so that a copy can be told its new place."""

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

SMALL_BYTES = 1024 * 1024
"""Files up to this size may have their tree's place written in them (scripts of a venv), and are looked through."""
_PLACE = b"{root}"
_HASHES = re.compile(rb",sha256=[^,\n]*,[0-9]*\r?$", re.MULTILINE)
"""In a RECORD: those of scripts and of where a package came from depend on where the tree is. The files count by themselves."""


def new_tree(folder: Path) -> Path:
    """An empty one."""
    root = folder / uuid.uuid4().hex
    root.mkdir(parents=True)
    return root


def copy_tree(source: Path, folder: Path) -> Path:
    """A copy under a new name that knows its place."""
    root = new_tree(folder)
    copy_into(source, root, source, root)
    return root


def copy_into(source: Path, target: Path, old: Path | None = None, new: Path | None = None) -> None:
    """Copy a file, or what is in a folder, over what is there. old, new: trees; mentions of the old one become the new."""
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
        for item in sorted(source.iterdir()):
            copy_into(item, target / item.name, old, new)
        shutil.copystat(source, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_symlink():
        target.symlink_to(str(source.readlink()).replace(str(old), str(new)) if old else source.readlink())
        return
    shutil.copy2(source, target)
    if old and new and target.stat().st_size <= SMALL_BYTES and str(old).encode() in (content := target.read_bytes()):
        target.write_bytes(content.replace(str(old).encode(), str(new).encode()))


def digest_of_tree(root: Path) -> tuple[str, int]:
    """The digest of its names, modes and contents, and its size in bytes. Dates, owners and compiled Python do not count."""
    everything, size = hashlib.sha256(), 0
    for name in _names(root):
        path = root / name
        if path.is_symlink():
            head, content = "link", str(path.readlink()).replace(str(root), "{root}").encode()
        elif path.is_dir():
            head, content = "folder", b""
        else:
            head, content = f"file {path.stat().st_mode & 0o111:o}", _content(root, path)
            size += path.stat().st_size
        everything.update(f"{head} {name}\0".encode() + hashlib.sha256(content).digest())
    return f"sha256:{everything.hexdigest()}", size


def _names(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted([*folders, *files]):
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 (os.walk's own texts)


def _content(root: Path, path: Path) -> bytes:
    if path.stat().st_size > SMALL_BYTES:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, hashlib.sha256).digest()
    content = path.read_bytes().replace(str(root).encode(), _PLACE)
    return _HASHES.sub(b"", content) if path.name == "RECORD" else content
