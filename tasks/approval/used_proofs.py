"""What proves only once: one-time codes and tokens, across runs, processes and restarts.

Written create-only beside the facts, so that of two at once one wins.
"""

import json
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from prefect import task

from blocks.ledger import Ledger
from domain.approval.proofs.single_use import OneTime
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

FOLDER = "_spent"
SOMEBODY = "somebody"
"""Whose mark cannot be read."""


@task(name="see a proof", **RETRIED)
def is_first_sight(ledger: Ledger, one: OneTime, answer: str, now: datetime) -> bool:
    """Use up a code or token by looking at it, whatever becomes of the answer that carries it.

    True for the first answer, and for the same again after a crash. answer: its digest.
    """
    container, (mark, before) = open_ledger(ledger), one.marks(now)
    with azure_errors("using up a code or token"):
        earlier = _by(container, before) if before else ""
        return (earlier or _take(container, mark, answer)) == answer


def _take(container: "ContainerClient", mark: str, answer: str) -> str:
    """Whose it is: this answer's, or one's before."""
    from azure.core.exceptions import ResourceExistsError

    try:
        container.upload_blob(_blob(mark), json.dumps({"what": mark, "by": answer}), overwrite=False)
    except ResourceExistsError:
        return _by(container, mark) or SOMEBODY
    return answer


def _by(container: "ContainerClient", mark: str) -> str:
    """Whose it is; "" where it is nobody's."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        kept = json.loads(container.download_blob(_blob(mark)).readall())
    except ResourceNotFoundError:
        return ""
    except ValueError:
        return SOMEBODY
    return str(kept.get("by") or SOMEBODY) if isinstance(kept, dict) else SOMEBODY


def _blob(mark: str) -> str:
    return f"{FOLDER}/{sha256(mark.encode()).hexdigest()}.json"
