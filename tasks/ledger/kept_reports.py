"""Where the pages that people read are kept beside the ledger, and that they are still what their digests say."""

from blocks.ledger import Ledger
from domain.canonical_json import digest_of
from domain.errors import Terminal
from domain.unit import Unit
from tasks.ledger.facts import read_document


def report_path(workload: str, release: str, stage: str, digest: str) -> str:
    """Of a stage's evidence; the name carries the page's digest."""
    return f"reports/{workload}/{release}/{stage}-{digest.removeprefix('sha256:')}.html"


def replay_page(stage: str) -> str:
    """What the report of a stage's replay is kept under in place of the stage."""
    return f"{stage}-replay"


def data_report_path(workload: str, unit: Unit, version: str, digest: str) -> str:
    """Of the validation of a circuit's data, without suffix. version: of the data asset. digest: of the report's JSON."""
    return f"reports/{workload}/{unit}/{version}/{digest.removeprefix('sha256:')[:16]}"


def kept_report(ledger: Ledger, workload: str, release: str, stage: str, digest: str) -> str:
    """The text of a stage's report; Terminal when it is gone, or is not what its digest says."""
    page = read_document(ledger, report_path(workload, release, stage, digest))
    if digest_of(page.encode()) != digest:
        raise Terminal(
            f"the report of release {release} at {stage} was changed: it has digest {digest_of(page.encode())}"
        )
    return page
