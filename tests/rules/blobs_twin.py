"""The ledger's container in memory: what facts, documents, leases and used-up codes ask of blob storage, and its errors.

Blobs are created once where that is asked for, and replaced under the condition that nobody did meanwhile. It is held to the
same contract as the real one (tests/flows/test_ledger_contract.py).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import RLock
from types import SimpleNamespace
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceResponseError,
)
from troubles import Power, Troubles

Answer = TypeVar("Answer")
TRIES = 4
"""As the SDK sends a request again by itself whose answer did not come: conditions hold or fail by what the first one did."""


@dataclass(frozen=True)
class Stored:
    """A blob's content, and the etag and moment of this writing."""

    content: bytes
    etag: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class BlobsTwin:
    """A `ContainerClient`. troubles: verbs `read`, `list`, `write` and `delete`; the place is the blob's name."""

    def __init__(self, power: Power) -> None:
        self.troubles = Troubles(power, lambda why: HttpResponseError(why), lambda why: ServiceResponseError(why))
        self._blobs: dict[str, Stored] | None = None
        self._numbers, self._lock = count(1), RLock()

    def exists(self) -> bool:
        """Whether it was created."""
        return self._blobs is not None

    def create_container(self) -> None:
        """Once."""
        with self._lock:
            if self._blobs is not None:
                raise ResourceExistsError("The specified container already exists.")
            self._blobs = {}

    def list_blobs(
        self, name_starts_with: str = "", results_per_page: int = 5000, raw_response_hook: Any = None
    ) -> Iterator[Any]:
        """Name, etag, size and time of each. It has no clock of its own, and one page."""
        found = self._met("list", name_starts_with, lambda: dict(self._all()), {})
        for name in sorted(found):
            if name.startswith(name_starts_with):
                yield SimpleNamespace(
                    name=name, etag=found[name].etag, size=len(found[name].content), last_modified=found[name].at
                )

    def walk_blobs(self, name_starts_with: str = "", delimiter: str = "/") -> Iterator[Any]:
        """The next parts of their names, each once; those of folders end with the delimiter."""
        names = (one.name.removeprefix(name_starts_with) for one in self.list_blobs(name_starts_with))
        parts = (head + rule for head, rule, _ in (name.partition(delimiter) for name in names))
        for part in dict.fromkeys(parts):
            yield SimpleNamespace(name=name_starts_with + part)

    def get_blob_client(self, blob: str) -> "BlobTwin":
        """One blob, there or not."""
        return BlobTwin(self, blob)

    def download_blob(self, blob: str) -> Any:
        """Its content, read now."""
        stored = self._met("read", blob, lambda: self._found(blob), Stored(b"", ""))
        return SimpleNamespace(readall=lambda: stored.content, properties=SimpleNamespace(etag=stored.etag))

    def upload_blob(
        self,
        name: str,
        data: str | bytes,
        overwrite: bool = False,
        etag: str | None = None,
        match_condition: MatchConditions | None = None,
    ) -> dict[str, str]:
        """Write it, if the conditions hold; its new etag."""
        content = data.encode() if isinstance(data, str) else bytes(data)
        wanted = etag if match_condition is MatchConditions.IfNotModified else None

        def write() -> dict[str, str]:
            with self._lock:
                blobs = self._all()
                before = blobs.get(name)
                if before is not None and not overwrite:
                    raise ResourceExistsError("The specified blob already exists.")
                if wanted is not None and (before is None or before.etag != wanted):
                    raise ResourceModifiedError("The condition specified using HTTP conditional header(s) is not met.")
                blobs[name] = Stored(content, f'"{next(self._numbers):#x}"')
                return {"etag": blobs[name].etag}

        return self._met("write", name, write, {"etag": '"none"'})

    def delete_blob(self, blob: str) -> None:
        """Gone, as if it had never been written."""

        def delete() -> None:
            with self._lock:
                self._found(blob)
                del self._all()[blob]

        self._met("delete", blob, delete, None)

    def _met(self, verb: str, name: str, act: Callable[[], Answer], nothing: Answer) -> Answer:
        for _ in range(TRIES - 1):
            with suppress(ServiceResponseError):
                return self.troubles.meet(verb, name, act, nothing)
        return self.troubles.meet(verb, name, act, nothing)

    def _all(self) -> dict[str, Stored]:
        if self._blobs is None:
            raise ResourceNotFoundError("The specified container does not exist.")
        return self._blobs

    def _found(self, name: str) -> Stored:
        stored = self._all().get(name)
        if stored is None:
            raise ResourceNotFoundError("The specified blob does not exist.")
        return stored


class BlobTwin:
    """A `BlobClient`."""

    def __init__(self, container: BlobsTwin, name: str) -> None:
        self._container, self.blob_name = container, name

    def download_blob(self, **_: Any) -> Any:
        """See `BlobsTwin`."""
        return self._container.download_blob(self.blob_name)

    def upload_blob(self, data: str | bytes, raw_response_hook: Any = None, **how: Any) -> dict[str, str]:
        """See `BlobsTwin`. It has no clock of its own."""
        return self._container.upload_blob(self.blob_name, data, **how)

    def delete_blob(self) -> None:
        """See `BlobsTwin`."""
        self._container.delete_blob(self.blob_name)
