"""The password of a folder's Prefect server: made once, kept beside what it protects, and the same at every start."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from domain.errors import Terminal

USER = "signalbox"
FILE = "server-password"
RANDOM_BYTES = 32
FOR_OTHERS = 0o077
"""What a mode has where group or others may do something."""


def make_password(home: Path) -> None:
    """Unless the folder has one. Nobody else could read it at any time: its mode is 0600 from its creation."""
    draft = home / f"{FILE}.new"
    draft.unlink(missing_ok=True)
    if (home / FILE).exists():
        return
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{USER}:{secrets.token_urlsafe(RANDOM_BYTES)}\n")
    draft.rename(home / FILE)  # whole, or not there


def password_of(home: Path) -> SecretStr:
    """`user:password`, as Prefect's server, clients and pages take it; Terminal where there is none, or others could read it."""
    file = home / FILE
    try:
        with file.open() as opened:
            others = os.fstat(opened.fileno()).st_mode & FOR_OTHERS
            text = opened.read().strip()
    except OSError as error:
        raise Terminal(
            f"the password of the Prefect server cannot be read in {file} ({error.strerror}). `signalbox up` makes one: end what runs in "
            "the folder, then start it again."
        ) from None
    if others:
        raise Terminal(
            f"others on this machine may read the password of the Prefect server in {file}. Delete the file: the next `signalbox up` "
            "makes another password."
        )
    if not text.startswith(f"{USER}:") or text == f"{USER}:":
        raise Terminal(f"{file} has no password of a Prefect server. Delete it: the next `signalbox up` makes one.")
    return SecretStr(text)
