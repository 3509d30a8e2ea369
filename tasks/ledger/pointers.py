"""What is found again without a search, however many releases came since: kept beside the ledger, and checked where it points to."""

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import FILE
from domain.ledger.fact import Fact
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import keep_document, open_ledger

FOLDER = "_pointers"


def begun_by(ledger: Ledger, workload: str, changed_digest: str) -> str | None:
    """The last release of exactly these changed circuits; None where there is none."""
    return _read(ledger, _of_build(workload, changed_digest))


def keep_begun(ledger: Ledger, workload: str, changed_digest: str, release: str) -> None:
    """Once the release was requested."""
    keep_document(ledger, _of_build(workload, changed_digest), release)


def taken_up(ledger: Ledger, workload: str, run: str) -> str | None:
    """The changed circuits that a flow run took up as the newest; None where it did not."""
    return _read(ledger, _of_run(workload, run))


def keep_taken_up(ledger: Ledger, workload: str, run: str, content: str) -> None:
    """Before anything is done with it."""
    keep_document(ledger, _of_run(workload, run), content)


def asked_by(ledger: Ledger, workload: str, request: str) -> str | None:
    """The release that made an approval request; None where nobody knows. request: the last digits of the digest of the fact that asked."""
    return _read(ledger, _of_request(workload, request))


def keep_asked(ledger: Ledger, asked: Fact) -> None:
    """Once it was asked."""
    keep_document(ledger, _of_request(asked.workload, asked.digest[-DIGITS:]), asked.release)


DIGITS = 16
"""Of the digest of the fact that asked, in the keys of forms."""


def _of_build(workload: str, changed_digest: str) -> str:
    return f"{FOLDER}/{workload}/builds/{changed_digest.removeprefix('sha256:')}.txt"


def _of_run(workload: str, run: str) -> str:
    return f"{FOLDER}/{workload}/runs/{run}/{FILE}"


def _of_request(workload: str, request: str) -> str:
    return f"{FOLDER}/{workload}/questions/{request}.txt"


def _read(ledger: Ledger, path: str) -> str | None:
    from azure.core.exceptions import ResourceNotFoundError

    container = open_ledger(ledger)
    with azure_errors(f"reading {path}"):
        try:
            return str(container.download_blob(path).readall().decode(errors="replace"))
        except ResourceNotFoundError:
            return None
