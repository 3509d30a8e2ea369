"""One release at a time holds a stage: a lease in the ledger's container, taken and renewed by conditional writes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from blocks.ledger import Ledger
from domain.errors import Terminal
from tasks.azure_errors import azure_errors
from tasks.ledger import open_ledger

DURATION = timedelta(minutes=30)
"""How long a holder that died keeps others out."""


@contextmanager
def stage_lease(ledger: Ledger, workload: str, stage: str, holder: str) -> Iterator[None]:
    """Hold a stage while the body runs; Terminal, naming the holder, when another release holds it.

    The same holder takes its own lease again, so a release that crashed goes on at once.
    """
    path = f"leases/{workload}/{stage}.json"
    _take(ledger, path, stage, holder)
    try:
        yield
    finally:
        _release(ledger, path, holder)


def _take(ledger: Ledger, path: str, stage: str, holder: str) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

    container = open_ledger(ledger)
    now = datetime.now(UTC)
    content = json.dumps({"holder": holder, "until": (now + DURATION).isoformat()})
    with azure_errors(f"taking the lease of stage {stage}"):
        try:
            current = container.download_blob(path)
            held = json.loads(current.readall())
            if held["holder"] != holder and datetime.fromisoformat(held["until"]) > now:
                raise Terminal(_refusal(stage, holder, held["holder"], held["until"]))
            container.upload_blob(
                path,
                content,
                overwrite=True,
                etag=current.properties.etag,
                match_condition=MatchConditions.IfNotModified,
            )
        except ResourceNotFoundError:
            try:
                container.upload_blob(path, content, overwrite=False)
            except ResourceExistsError as error:
                raise Terminal(_refusal(stage, holder, "another release", "it ends")) from error
        except ResourceModifiedError as error:
            raise Terminal(_refusal(stage, holder, "another release", "it ends")) from error


def _refusal(stage: str, holder: str, other: str, until: str) -> str:
    return (
        f"stage {stage} is held by release {other} until {until}; {holder} did not touch it. "
        "Run it again when the other has ended."
    )


def _release(ledger: Ledger, path: str, holder: str) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    container = open_ledger(ledger)
    with azure_errors("giving a stage's lease back"):
        try:
            current = container.download_blob(path)
            if json.loads(current.readall())["holder"] == holder:
                container.delete_blob(path, etag=current.properties.etag, match_condition=MatchConditions.IfNotModified)
        except (ResourceNotFoundError, ResourceModifiedError):
            return  # it ran out and is gone, or is somebody else's by now
