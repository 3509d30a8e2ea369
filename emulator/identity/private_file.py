"""Files that are one's own: that only their owner may read, or only one process may use."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write a file that nobody else could read at any time (mode 0600 from its creation), replacing it whole."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made if it is not there, for this emulator alone; OSError when another one uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(error.errno, f"another emulator uses the folder {folder}") from error
        yield
