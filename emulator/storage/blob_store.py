"""Blobs as plain files, `{root}/{account}/{container}/{path}`, so that jobs can use them; what a file cannot hold is in SQLite."""

import base64
import hashlib
import json
import os
import re
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emulator.arm.errors import AzureError

ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CONTAINER = re.compile(r"\$?[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
"""Azure's rule for containers (and `$root`, `$web`, `$logs`)."""
MOST_NAME = 1024
MOST_PART_BYTES = 200
"""Of one part of a name between slashes: what a file system takes, less than Azure's 1,024."""


@dataclass(frozen=True)
class Blob:
    """What is known about a blob. size: bytes. modified: UTC. etag: quoted, changes with every write."""

    name: str
    size: int
    etag: str
    modified: datetime
    metadata: dict[str, str]
    content_type: str
    md5: str


def refuse_name(reason: str) -> AzureError:
    """Azure's error for a name that it does not take."""
    return AzureError(400, "InvalidResourceName", f"The specified resource name contains invalid characters: {reason}.")


class BlobStore:
    """All accounts' containers. Thread-safe; a write is seen whole or not at all."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self._blocks = root / ".blocks"
        self._lock = threading.RLock()
        self._database = sqlite3.connect(root / ".blobs.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS blobs (file TEXT PRIMARY KEY, stamp INTEGER, etag TEXT, metadata TEXT, type TEXT, md5 TEXT)"
        )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold every writer off while a condition is checked and acted on."""
        with self._lock:
            yield

    def path(self, account: str, container: str, name: str = "") -> Path:
        """The file of a blob, or the folder of a prefix; refused when it would leave the account or the container."""
        if not ACCOUNT.fullmatch(account) or not CONTAINER.fullmatch(container):
            raise refuse_name(f"{account}/{container}")
        base = self.root / account / container
        parts = name.rstrip("/").split("/") if name else []
        if any(part in {"..", ".", ""} or len(part.encode()) > MOST_PART_BYTES for part in parts) or "\0" in name:
            raise refuse_name(name)
        if len(name) > MOST_NAME:
            raise refuse_name(f"longer than {MOST_NAME} characters")
        return base / name if name else base

    def create_container(self, account: str, container: str) -> bool:
        """Make a container; False when it is there."""
        folder = self.path(account, container)
        existed = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        return not existed

    def containers(self, account: str) -> list[str]:
        """Names, sorted."""
        folder = self.root / account
        return sorted(item.name for item in folder.iterdir() if item.is_dir()) if folder.is_dir() else []

    def delete_container(self, account: str, container: str) -> None:
        """Remove a container and all in it."""
        shutil.rmtree(self.path(account, container), ignore_errors=True)

    def write(
        self,
        account: str,
        container: str,
        name: str,
        data: bytes | Path,
        metadata: dict[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> Blob:
        """Write a blob whole; the container comes into being with it."""
        file = self.path(account, container, name)
        with self._lock:
            if file.is_dir():
                raise AzureError(409, "ResourceTypeMismatch", f"'{name}' is a folder of other blobs here.")
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError) as error:
                raise AzureError(409, "ResourceTypeMismatch", f"A part of '{name}' is a blob here.") from error
            temporary = file.with_name(f".{uuid.uuid4().hex}.tmp")
            if isinstance(data, Path):
                shutil.copyfile(data, temporary)
                with data.open("rb") as stream:
                    digest = hashlib.file_digest(stream, hashlib.md5)
            else:
                temporary.write_bytes(data)
                digest = hashlib.md5(data, usedforsecurity=False)
            temporary.replace(file)
            self._note(file, metadata or {}, content_type, base64.b64encode(digest.digest()).decode())
        return self.stat(account, container, name)

    def put_folder(self, account: str, container: str, prefix: str, folder: Path) -> None:
        """Copy every file of a folder to blobs under a prefix."""
        for file in sorted(item for item in folder.rglob("*") if item.is_file()):
            self.write(account, container, f"{prefix.rstrip('/')}/{file.relative_to(folder).as_posix()}", file)

    def _note(self, file: Path, metadata: dict[str, str], content_type: str, md5: str) -> None:
        etag = f'"0x{uuid.uuid4().hex[:15].upper()}"'
        row = (str(file), file.stat().st_mtime_ns, etag, json.dumps(metadata), content_type, md5)
        self._database.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)", row)

    def set_metadata(self, account: str, container: str, name: str, metadata: dict[str, str]) -> Blob:
        """Replace the metadata; the etag changes."""
        with self._lock:
            blob = self.stat(account, container, name)
            self._note(self.path(account, container, name), metadata, blob.content_type, blob.md5)
        return self.stat(account, container, name)

    def exists(self, account: str, container: str, name: str) -> bool:
        """Whether there is such a blob."""
        return self.path(account, container, name).is_file()

    def stat(self, account: str, container: str, name: str) -> Blob:
        """What is known about a blob; Azure's 404 when there is none."""
        file = self.path(account, container, name)
        if not file.is_file():
            raise AzureError(404, "BlobNotFound", "The specified blob does not exist.")
        status = file.stat()
        modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
        row = self._database.execute(
            "SELECT stamp, etag, metadata, type, md5 FROM blobs WHERE file = ?", (str(file),)
        ).fetchone()
        if row is None or row[0] != status.st_mtime_ns:  # a file that a job put there
            etag = f'"0x{status.st_mtime_ns:X}"'
            return Blob(name, status.st_size, etag, modified, {}, "application/octet-stream", "")
        return Blob(name, status.st_size, row[1], modified, json.loads(row[2]), row[3], row[4])

    def read(self, account: str, container: str, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of a blob from `start` on."""
        with self.path(account, container, name).open("rb") as stream:
            stream.seek(start)
            return stream.read(-1 if length is None else length)

    def delete(self, account: str, container: str, name: str) -> None:
        """Remove a blob and the folders that it leaves empty."""
        file, top = self.path(account, container, name), self.path(account, container)
        with self._lock:
            self.stat(account, container, name)
            file.unlink()
            self._database.execute("DELETE FROM blobs WHERE file = ?", (str(file),))
            for folder in file.parents:
                if folder == top or any(folder.iterdir()):
                    break
                folder.rmdir()

    def list(self, account: str, container: str, prefix: str = "") -> list[str]:
        """Names of the blobs that begin with a prefix, sorted as Azure sorts."""
        base = self.path(account, container)
        start = base / prefix.rpartition("/")[0] if "/" in prefix else base
        found: list[str] = []
        for folder, _, files in os.walk(start):
            relative = os.path.relpath(folder, base)
            head = "" if relative == "." else relative.replace(os.sep, "/") + "/"
            found += [head + name for name in files if not (name.startswith(".") and name.endswith(".tmp"))]
        return sorted(name for name in found if name.startswith(prefix))

    def stage_block(self, account: str, container: str, name: str, block: str, data: bytes) -> None:
        """Keep a block that is not committed yet."""
        folder = self._block_folder(account, container, name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _safe(block)).write_bytes(data)

    def staged_blocks(self, account: str, container: str, name: str) -> dict[str, int]:
        """Block id → bytes, of those not committed."""
        folder = self._block_folder(account, container, name)
        if not folder.is_dir():
            return {}
        return {base64.urlsafe_b64decode(item.name).decode(): item.stat().st_size for item in sorted(folder.iterdir())}

    def commit_blocks(
        self,
        account: str,
        container: str,
        name: str,
        blocks: Iterable[str],
        metadata: dict[str, str],
        content_type: str,
    ) -> Blob:
        """Make a blob of its blocks, in this order; Azure's error when one was never put."""
        folder = self._block_folder(account, container, name)
        whole = self._blocks / f"{uuid.uuid4().hex}.whole"
        self._blocks.mkdir(exist_ok=True)
        try:
            with whole.open("wb") as target:
                for block in blocks:
                    part = folder / _safe(block)
                    if not part.is_file():
                        raise AzureError(400, "InvalidBlockList", "The specified block list is invalid.")
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, target)
            blob = self.write(account, container, name, whole, metadata, content_type)
        finally:
            whole.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        return blob

    def _block_folder(self, account: str, container: str, name: str) -> Path:
        self.path(account, container, name)
        return self._blocks / hashlib.sha256(f"{account}/{container}/{name}".encode()).hexdigest()

    def reset(self) -> None:
        """Forget every blob."""
        with self._lock:
            for item in self.root.iterdir():
                if item.is_dir():
                    shutil.rmtree(item)
            self._database.execute("DELETE FROM blobs")


def _safe(block: str) -> str:
    return base64.urlsafe_b64encode(block.encode()).decode()
