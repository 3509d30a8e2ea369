"""Whose facts count here, and with which key this process writes its own: files that its environment variables name.

They lie outside Prefect and outside the ledger's storage, so that who commands either writes no facts that count.
"""

import os
from functools import lru_cache
from pathlib import Path
from stat import S_IRWXG, S_IRWXO, S_IWGRP, S_IWOTH
from typing import TypeVar

import yaml
from pydantic import ValidationError

from domain.errors import InvalidDeclaration, Terminal
from domain.ledger.signature import SigningKey
from domain.ledger.trust import Trust
from domain.parsing.field_errors import worded
from domain.parsing.yaml_document import read_declaration

TRUST = "SIGNALBOX_TRUST"
"""The folder that the environment's owners write: `writers.yaml`, and `taken-over.yaml` where there is any."""
KEY = "SIGNALBOX_WRITER_KEY"
"""The file of this process's private key."""
WRITERS, TAKEN_OVER = "writers.yaml", "taken-over.yaml"
MAX_BYTES = 20_000_000
ROOT = 0
BY_OTHERS = S_IWGRP | S_IWOTH
SEEN_BY_OTHERS = S_IRWXG | S_IRWXO

Read = TypeVar("Read")


def known_writers(folder: Path | None = None) -> Trust | None:
    """Whose facts count; None where the environment does not sign. Terminal for files that others could have written.

    folder: another than the environment names.
    """
    given = os.environ.get(TRUST)
    if folder is None:
        if not given:
            return None
        folder = Path(given)
    _must_be_own(folder, BY_OTHERS, "written")
    taken_over = folder / TAKEN_OVER
    changed = [
        _must_be_own(file, BY_OTHERS, "written")
        for file in (folder / WRITERS, taken_over)
        if file != taken_over or file.exists()
    ]
    return _trust(folder, tuple(changed))


def signing_key() -> SigningKey | None:
    """This process's own; None where the environment does not sign. Terminal where no reader would count what it signs."""
    trust, given = known_writers(), os.environ.get(KEY)
    if trust is None:
        if given:
            raise Terminal(f"{KEY} is set and {TRUST} is not, so nobody would verify what is signed: set both, or none")
        return None
    if not given:
        raise Terminal(
            f"this environment signs its ledger ({TRUST} is set), and this process has no key to write with: set {KEY} to the file of one "
            f"whose public half stands in {WRITERS}"
        )
    file = Path(given)
    key = _key(file, _must_be_own(file, SEEN_BY_OTHERS, "read"))
    if key.public_key not in {one.key for one in trust.writers}:
        raise Terminal(
            f"the key in {file} is not one of the writers' in {os.environ[TRUST]}, so no reader would count what it signs. An owner of the "
            f"environment adds it to {WRITERS} there: {key.public_key}"
        )
    return key


def take_over(digests: dict[str, str]) -> Path:
    """Have facts count, whoever wrote them, up to these; for the environment's owners. digests: WORKLOAD/RELEASE → digest."""
    folder = Path(os.environ[TRUST])
    file, draft = folder / TAKEN_OVER, folder / f".{TAKEN_OVER}"
    trust = known_writers()
    before = dict(trust.taken_over) if trust is not None else {}
    draft.write_text(yaml.safe_dump({"taken_over": before | digests}, width=1000))
    draft.replace(file)
    return file


def _must_be_own(path: Path, forbidden: int, what: str) -> tuple[int, int]:
    """When it was changed, and which file it is. Terminal where others have rights that they must not have."""
    try:
        found = path.stat()
    except OSError as error:
        raise Terminal(f"{path}, of {TRUST} or {KEY}, cannot be read: {error.strerror}") from None
    if found.st_uid not in (ROOT, os.getuid()):
        raise Terminal(
            f"{path} belongs to user {found.st_uid}, who could change what counts here; it has to be root's or your own"
        )
    if found.st_mode & forbidden:
        raise Terminal(f"{path} can be {what} by others than its owner; take their rights away: chmod go-rwx {path}")
    return found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=4)
def _trust(folder: Path, changed: tuple[tuple[int, int], ...]) -> Trust:
    """changed: so that files are read anew only then."""
    values: dict[str, object] = {}
    for file, key in list(zip((folder / WRITERS, folder / TAKEN_OVER), ("writers", "taken_over"), strict=True))[
        : len(changed)
    ]:
        document = read_declaration(file)
        strange = sorted(document.values.keys() - {key})
        if document.faults or strange:
            raise InvalidDeclaration(
                document.faults or (document.fault((strange[0],), f"is not known here; there is `{key}` alone"),)
            )
        values |= document.values
    try:
        return Trust.model_validate(values)
    except ValidationError as error:
        raise InvalidDeclaration(tuple(document.fault(at, what) for at, what in worded(error, Trust))) from None


@lru_cache(maxsize=4)
def _key(file: Path, changed: tuple[int, int]) -> SigningKey:
    try:
        return SigningKey.read(file.read_bytes())
    except (ValueError, OSError) as error:
        raise Terminal(f"the key in {file} ({KEY}) cannot be used: {error}") from None
