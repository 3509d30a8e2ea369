"""What works only once: one-time codes and tokens, across runs, processes and restarts."""

import json
from hashlib import sha256

from prefect import task

from blocks.ledger import Ledger
from domain.approval.statement import Statement
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger
from tasks.retries import RETRIED

FOLDER = "_spent"


@task(name="use once", **RETRIED)
def use_once(ledger: Ledger, what: str, statement: Statement) -> bool:
    """Use up a code or token for a statement: True for the first, and for the same statement again after a crash.

    what: names it without telling it. Written create-only beside the facts, so that of two at once one wins.
    """
    from azure.core.exceptions import ResourceExistsError

    container = open_ledger(ledger)
    name = f"{FOLDER}/{sha256(what.encode()).hexdigest()}.json"
    content = json.dumps({"what": what, "statement": statement.digest})
    with azure_errors(f"using up {what}"):
        try:
            container.upload_blob(name, content, overwrite=False)  # sends If-None-Match: *
        except ResourceExistsError:
            kept = json.loads(container.download_blob(name).readall())
            return bool(kept.get("statement") == statement.digest)
    return True
