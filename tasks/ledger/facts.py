"""The ledger: append-only facts about releases, each written create-only in blob storage."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from prefect import task

from blocks.ledger import Ledger
from domain.errors import Terminal, Transient
from domain.ledger.fact import Fact, Kind
from domain.release_name import NAME, release_order
from tasks.azure_errors import azure_errors
from tasks.ledger.head import faults_of_head, show_head, shown_head
from tasks.ledger.stored_facts import MAX_FACT_BYTES, QuarantinedError, keep_read, stored
from tasks.ledger.trust import KEY, TRUST, known_writers, signing_key
from tasks.retries import RETRIED

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


def open_ledger(ledger: Ledger) -> "ContainerClient":
    """The ledger's container, created on first use; whether it is there is asked once for each client."""
    container = ledger.get_client()
    with azure_errors(f"opening ledger {ledger.container}"):
        _create(container)
    return container


@lru_cache(maxsize=8)
def _create(container: "ContainerClient") -> None:
    from azure.core.exceptions import ResourceExistsError

    with suppress(ResourceExistsError):  # somebody else was first
        if not container.exists():
            container.create_container()


def read_facts(ledger: Ledger, workload: str, release: str) -> tuple[Fact, ...]:
    """Every fact about a release, in order; empty when there is no such release. QuarantinedError names what is no fact, or nobody's."""
    found, trust = stored(ledger, workload, release), known_writers()
    facts = tuple(one.fact for one in found)
    faults = () if trust is None else trust.faults_of(facts, [one.fault(trust) for one in found])
    if faults:
        more = f" (and {len(faults) - 1} more like it)" if len(faults) > 1 else ""
        raise QuarantinedError(
            f"release {release} of {workload}: {faults[0]}{more}, so nothing is read of this release or added to it; other releases are not "
            f"affected. Find out who wrote it; `signalbox audit {release} --workload {workload}` names every such fact. What was there before "
            "this environment signed its ledger, an owner takes over with `signalbox take-over`"
        )
    return facts


def readable_releases(ledger: Ledger, workload: str, most: int | None = None) -> Iterator[tuple[str, tuple[Fact, ...]]]:
    """Name and facts of each release, newest first; those in quarantine are left out, and `signalbox doctor` names them."""
    for name in release_names(ledger, workload)[:most]:
        with suppress(QuarantinedError):
            yield name, read_facts(ledger, workload, name)


def release_names(ledger: Ledger, workload: str) -> tuple[str, ...]:
    """Names of all releases of a workload, newest first."""
    container = open_ledger(ledger)
    with azure_errors(f"listing the releases of {workload}"):
        prefixes = [item.name for item in container.walk_blobs(name_starts_with=f"{workload}/", delimiter="/")]
    names = [name for prefix in prefixes if NAME.fullmatch(name := prefix.removeprefix(f"{workload}/").rstrip("/"))]
    return tuple(sorted(names, key=release_order, reverse=True))


def record(ledger: Ledger, workload: str, release: str, kind: Kind, body: Mapping[str, Any]) -> Fact:
    """Append one fact, once: it is known again by its moment when an answer is lost and the attempt repeated."""
    return append_fact(ledger, workload, release, kind, body, datetime.now(UTC))


@task(name="record", task_run_name="record {kind.value} of {release}", **RETRIED)
def append_fact(ledger: Ledger, workload: str, release: str, kind: Kind, body: Mapping[str, Any], at: datetime) -> Fact:
    """Written create-only: of two writers of the same sequence one wins, and the other reads again."""
    from azure.core.exceptions import ResourceExistsError

    key = signing_key()
    head = shown_head(workload, release)
    facts = read_facts(ledger, workload, release)
    lost = faults_of_head(head, facts)
    if lost:
        raise Terminal(f"cannot append to the ledger of release {release}: it was modified ({'; '.join(lost)})")
    if key is None and any(one.signature is not None for one in facts):
        raise Terminal(
            f"the ledger of release {release} is signed, and this process knows no writers: set {TRUST} and {KEY}"
        )
    fact = Fact.after(
        facts[-1] if facts else None, workload=workload, release=release, kind=kind, at=at, body=dict(body)
    ).signed(key)
    content = fact.stored()
    for earlier in facts:  # written by the attempt before this one, whose answer was lost
        if earlier.canonical_json() == fact.at_place_of(earlier).canonical_json():
            show_head(facts)
            return earlier
    if kind is Kind.REQUESTED and facts:
        raise Terminal(f"release {release} was begun by somebody else at the same moment; run it again")
    if len(content) > MAX_FACT_BYTES:
        raise Terminal(f"fact {fact.slot} has {len(content)} bytes, more than the {MAX_FACT_BYTES} the ledger takes")
    blob = open_ledger(ledger).get_blob_client(fact.slot)
    with azure_errors(f"recording {fact.slot}"):
        try:
            written = blob.upload_blob(content, overwrite=False)  # sends If-None-Match: *
            keep_read(ledger.get_client(), fact.slot, str(written["etag"]), content)
        except ResourceExistsError as error:
            if blob.download_blob().readall() != content:
                raise Transient(f"{fact.slot} was written by somebody else at the same time; reading again") from error
    show_head((*facts, fact))
    return fact


@task(name="keep document", **RETRIED)
def keep_document(ledger: Ledger, path: str, content: str) -> str:
    """Store a document that facts refer to (a report, changed_circuits.json) beside them; returns its path."""
    container = open_ledger(ledger)
    with azure_errors(f"keeping {path}"):
        container.upload_blob(path, content.encode(), overwrite=True)
    return path


def read_document(ledger: Ledger, path: str) -> str:
    """A document kept with `keep_document`; Terminal when there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    container = open_ledger(ledger)
    with azure_errors(f"reading {path}"):
        try:
            return container.download_blob(path).readall().decode()
        except ResourceNotFoundError as error:
            raise Terminal(f"the ledger holds no {path}") from error
