"""Files that only their owner may read."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write a file that nobody else could read at any time (mode 0600 from its creation), replacing it whole."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)
