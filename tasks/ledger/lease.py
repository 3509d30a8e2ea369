"""One release at a time holds a stage: a lease in the ledger's container, taken and renewed by conditional writes.

Its times are the storage service's: a worker whose own clock is ahead would take a lease that lives.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import ValidationError

from blocks.ledger import Ledger
from domain.errors import SignalboxError, StageBusy, StageLost, Terminal
from domain.ledger.lease import DURATION, Lease, next_lease
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger
from tasks.ledger.storage_clock import StorageClock

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

RENEWED_EVERY = DURATION.total_seconds() / 6
LOOKED_EVERY = 0.5
"""Seconds between two looks at a lease that somebody else holds."""


class HeldStage:
    """A stage that we hold. left: releases whose switch a holder before us may have left half done."""

    def __init__(self, blob: "BlobClient", stage: str, lease: Lease, etag: str, clock: StorageClock) -> None:
        self._blob, self._stage, self._lease, self._etag, self._clock = blob, stage, lease, etag, clock
        self._lock, self._over = threading.Lock(), threading.Event()
        self.left = lease.ledgers

    @property
    def fence(self) -> int:
        """Our fencing token."""
        return self._lease.fence

    def check(self) -> None:
        """Raise StageLost unless the stage is still ours; asks storage only near the lease's end."""
        with self._lock:
            now = self._clock.now()
            if not self._lease.is_trusted(now):
                self._write(self._lease.renewed(now))

    def must_outrank(self, endpoint: str, fence: int) -> None:
        """StageLost where a later holder switched the endpoint. fence: of whoever switched it last."""
        if fence > self.fence:
            raise StageLost(f"{endpoint} was switched by a later holder of the stage; this run does nothing more there")

    def announce(self, ledgers: tuple[str, ...]) -> None:
        """Leave word for the next holder: the switches of these releases may be half done when we are gone."""
        with self._lock:
            self._write(self._lease.about(ledgers).renewed(self._clock.now()))

    def renew_until_over(self) -> None:
        """What the renewing thread does; where it fails, `check` finds out in time."""
        while not self._over.wait(RENEWED_EVERY):
            with suppress(SignalboxError), self._lock:
                self._write(self._lease.renewed(self._clock.now()))

    def give_back(self) -> None:
        """Let others take it at once; where that fails they wait for its end."""
        self._over.set()
        with suppress(SignalboxError), self._lock:
            self._write(self._lease.ended(self._clock.now()))

    def _write(self, lease: Lease) -> None:
        etag = _written(self._blob, lease, self._etag, self._clock)
        if etag is None:
            raise StageLost(
                f"stage {self._stage} was taken by another run while {lease.holder} was silent; this run does nothing "
                "more there. Run it again once the other run has ended."
            )
        self._lease, self._etag = lease, etag


@contextmanager
def stage_lease(ledger: Ledger, workload: str, stage: str, holder: str) -> Iterator[HeldStage]:
    """Hold a stage while the body runs; StageBusy, naming the holder, when another release holds it.

    A holder that does not renew its lease is waited for, up to its end, and then followed. The same holder takes its own
    lease again at once, and its earlier run, should it live, loses the stage.
    """
    held = _taken(open_ledger(ledger).get_blob_client(f"leases/{workload}/{stage}.json"), stage, holder)
    threading.Thread(target=held.renew_until_over, name=f"lease of {stage}", daemon=True).start()
    try:
        yield held
    finally:
        held.give_back()


def _taken(blob: "BlobClient", stage: str, holder: str) -> HeldStage:
    first: Lease | None = None
    clock = StorageClock()
    while True:
        before, etag = _read(blob, stage, clock)
        now = clock.now()
        if before is None or not before.keeps_out(holder, now):
            lease = next_lease(before, holder, uuid4().hex, now)
            written = _written(blob, lease, etag, clock)
            if written is not None:
                return HeldStage(blob, stage, lease, written, clock)
        elif first is not None and (before.taking, before.until) != (first.taking, first.until):
            raise StageBusy(
                f"stage {stage} is held by release {before.holder}, which is at work; {holder} did not touch it. "
                "Run it again once the other run has ended."
            )
        else:
            first = before
            time.sleep(LOOKED_EVERY)


def _read(blob: "BlobClient", stage: str, clock: StorageClock) -> tuple[Lease | None, str | None]:
    from azure.core.exceptions import ResourceNotFoundError

    with azure_errors(f"reading the lease of stage {stage}"):
        try:
            found = blob.download_blob(raw_response_hook=clock.look)
            return Lease.model_validate_json(found.readall()), found.properties.etag
        except ResourceNotFoundError:
            return None, None
        except ValidationError as error:
            raise Terminal(
                f"the lease of stage {stage} cannot be read; check that no release is under way, then delete "
                f"{blob.blob_name} from the ledger's container"
            ) from error


def _written(blob: "BlobClient", lease: Lease, etag: str | None, clock: StorageClock) -> str | None:
    """The new etag; None when somebody else wrote since. etag: of what is replaced; None to write the first."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

    condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
    with azure_errors("writing a stage's lease"):
        try:
            written = blob.upload_blob(
                lease.model_dump_json(), overwrite=etag is not None, raw_response_hook=clock.look, **condition
            )
            return str(written["etag"])
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
            stored, newer = _read(blob, blob.blob_name, clock)
    if stored is None or stored.taking != lease.taking:
        return None
    # nobody else wrote: the answer to our own writing was lost
    return newer if stored == lease else _written(blob, lease, newer, clock)
