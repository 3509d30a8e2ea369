"""The digest of a model's files, as the release that was approved states it."""

import hashlib
from pathlib import Path


class Refusal(RuntimeError):  # noqa: N818 — it is what /ready answers
    """The model is not served. The message says why and what to do."""


def content_digest(folder: Path) -> str:
    """Return "sha256:" + hex of one line a file, `{sha256 of the file, hex}  {path relative to folder, with /}` as
    sha256sum prints them, in the order of the paths' UTF-8 bytes."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not files:
        raise Refusal(f"{folder} holds no files: put the model's folder there (MODEL_DIR)")
    lines = (f"{_sha256(files[name])}  {name}\n" for name in sorted(files, key=lambda name: name.encode()))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
