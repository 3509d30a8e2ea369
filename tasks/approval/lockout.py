"""Codes that were typed for an authenticator, over all gates and releases: each is counted before it is looked at.

So of many at once no more are looked at than one by one. `_guesses/CREDENTIAL/` in the ledger's container has a blob for each,
newest first by name, with the storage service's time; a second one beside it says that the code was right.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from prefect import task

from blocks.ledger import Ledger
from domain.approval.proofs.lockout import LOCKED_FOR, WITHIN, locked_until
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger
from tasks.ledger.storage_clock import StorageClock
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

FOLDER = "_guesses"
RIGHT = ".right"
LAST = 10**9
"""Numbers count down from here: the newest is listed first, and a listing ends where it is old."""
PAGE = 100


@dataclass(frozen=True)
class Guess:
    """A code that may be looked at. locks_until: if it is wrong, the authenticator takes no other one before."""

    name: str
    locks_until: datetime | None


@task(name="count a code", **RETRIED)
def count_guess(ledger: Ledger, credential: str, token: str) -> Guess | datetime:
    """Count a code for an authenticator; the moment until which it takes none, when too many were wrong.

    token: of this attempt at deciding, so that what is counted and not answered is counted once.
    """
    from azure.core.exceptions import ResourceExistsError

    container = open_ledger(ledger)
    folder = f"{FOLDER}/{credential.removeprefix('code:')}/"
    with azure_errors("counting the codes that were typed"):
        while True:
            newest, wrong, now = _wrong(container, folder)
            last = f"{folder}{newest:010d}"
            if newest < LAST and container.download_blob(last).readall() == token.encode():
                return Guess(last, locked_until(wrong, now))
            until = locked_until(wrong, now)
            if until is not None:
                return until
            name = f"{folder}{newest - 1:010d}"
            try:
                container.upload_blob(name, token, overwrite=False)
            except ResourceExistsError:
                continue  # somebody else's came first, or ours, whose answer was lost
            return Guess(name, locked_until((*wrong, now), now))


@task(name="a code was right", **RETRIED)
def was_right(ledger: Ledger, guess: Guess) -> None:
    """The code was right, and counts no more."""
    from azure.core.exceptions import ResourceExistsError

    with azure_errors("counting the codes that were typed"):
        try:
            open_ledger(ledger).upload_blob(f"{guess.name}{RIGHT}", b"", overwrite=False)
        except ResourceExistsError:
            return


def _wrong(container: "ContainerClient", folder: str) -> tuple[int, list[datetime], datetime]:
    """The newest one's number, when those came that were wrong, as far back as it matters, and now."""
    clock, newest = StorageClock(), LAST
    came: dict[str, datetime] = {}
    right: set[str] = set()
    for blob in container.list_blobs(name_starts_with=folder, results_per_page=PAGE, raw_response_hook=clock.look):
        number, mark, _ = blob.name.removeprefix(folder).partition(RIGHT)
        if mark:
            right.add(number)
            continue
        newest = min(newest, int(number))
        if blob.last_modified < clock.now() - WITHIN - LOCKED_FOR:
            break
        came[number] = blob.last_modified
    return newest, [at for number, at in came.items() if number not in right], clock.now()
