"""Where the secrets of approvers' authenticators lie: a folder of the machine whose worker checks codes, and never the Prefect server.

Who can read a server's API can read its Secret blocks, and could then make an approver's codes and signatures.
"""

import os
import re
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from domain.errors import Terminal

FOLDER = "SIGNALBOX_CODE_SECRETS"
"""The variable that names the folder: where it lies is a fact of the machine, not of the server. `signalbox up` sets it."""
NAME = re.compile(r"[0-9a-z][0-9a-z-]{0,99}")
FOR_OTHERS = 0o077
"""What a mode has where group or others may do something."""


class CodeSecrets:
    """One file an authenticator (0600) in a folder that only its owner may enter (0700)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def here(cls) -> Self:
        """This machine's; Terminal where none is named."""
        folder = os.environ.get(FOLDER)
        if not folder:
            raise Terminal(
                f"the secrets of authenticators lie in a folder of the worker's machine, and {FOLDER} names none here: set it, for the "
                "worker and for `signalbox enrol NAME --code` alike, to a folder that only the worker's user may enter; or enrol an SSH key"
            )
        return cls(Path(folder))

    def write(self, name: str, secret: SecretStr) -> None:
        """Keep a new one; the folder is made where it is missing. Terminal where others may enter it."""
        file = self._file(name)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_rights(self.folder)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
                opened.write(secret.get_secret_value())
        except OSError as error:
            raise Terminal(
                f"the secret of an authenticator cannot be kept in {self.folder} ({error.strerror})"
            ) from None

    def read(self, name: str) -> SecretStr:
        """One that was kept; Terminal where it is not here, or others may read it."""
        file = self._file(name)
        try:
            self._check_rights(self.folder)
            self._check_rights(file)
            return SecretStr(file.read_text())
        except OSError as error:
            raise Terminal(
                f"the secret {name} of an authenticator cannot be read in {self.folder} ({error.strerror}): it lies on the machine where it "
                "was enrolled, and its worker alone may read it"
            ) from None

    def _file(self, name: str) -> Path:
        """The name comes from the server: it leads out of no folder."""
        if not NAME.fullmatch(name):
            raise Terminal(f"{name!r} is no name of an authenticator's secret")
        return self.folder / name

    @staticmethod
    def _check_rights(path: Path) -> None:
        if path.stat().st_mode & FOR_OTHERS:
            raise Terminal(
                f"others on this machine may use {path}, where secrets of authenticators lie: take that right away (`chmod go= {path}`), "
                "and have everybody whose secret lay there enrol a new authenticator"
            )
