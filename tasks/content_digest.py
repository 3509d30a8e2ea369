"""The digest of a folder of files, as the scoring code checks it before it loads a model."""

from hashlib import file_digest, sha256
from pathlib import Path

from domain.errors import Terminal


def content_digest(folder: Path, ignoring: str | None = None) -> str:
    """`sha256:` of one line `{sha256 of the file}  {relative posix path}` a file, sorted by path.

    ignoring: name of folders whose files do not count, such as Python's `__pycache__` in code; for a model every file counts.
    Raises Terminal for a folder without files: an empty model is no model.
    """
    lines = []
    for path in sorted(
        (p for p in folder.rglob("*") if p.is_file() and ignoring not in p.parts),
        key=lambda p: p.relative_to(folder).as_posix(),
    ):
        with path.open("rb") as stream:
            lines.append(f"{file_digest(stream, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n")
    if not lines:
        raise Terminal(f"{folder.name} holds no files, so there is nothing to take a digest of")
    return "sha256:" + sha256("".join(lines).encode()).hexdigest()
