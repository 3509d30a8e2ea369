"""Which models are held, by the digest of their files: an index beside the ledger's facts, so that no hold is ever too old to be met.

Where the environment signs, an entry counts by the signed facts of the release that it names: anybody may have written the index.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuit
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from domain.release.hold import ModelHold, held_at
from tasks.azure_errors import azure_errors
from tasks.ledger.facts import open_ledger, read_facts
from tasks.ledger.stored_facts import QuarantinedError
from tasks.ledger.trust import known_writers

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

FOLDER = "_holds"
LONGEST_REASON = 2000


def hold_models(
    ledger: Ledger, workload: str, release: str, stage: str, units: Sequence[ChangedCircuit], reason: str
) -> None:
    """Hold each of these models; one that this release holds already stays as it is."""
    from azure.core.exceptions import ResourceExistsError

    container = open_ledger(ledger)
    with azure_errors(f"holding the models of release {release}"):
        for unit in units:
            held = ModelHold(
                release=release,
                stage=stage,
                unit=str(unit.unit),
                model=f"{unit.model_name}:{unit.model_version}",
                digest=unit.model_digest,
                reason=reason[:LONGEST_REASON],
            )
            try:
                container.upload_blob(_path(workload, held), held.model_dump_json(), overwrite=False)
            except ResourceExistsError:
                continue


def holds_on(ledger: Ledger, workload: str, digests: Collection[str]) -> tuple[ModelHold, ...]:
    """Every hold on models with these files, those that a person ended among them, by release and circuit."""
    wanted = {_folder(workload, digest) for digest in digests}
    container = open_ledger(ledger)
    with azure_errors(f"reading the holds of {workload}"):
        names = [blob.name for blob in container.list_blobs(name_starts_with=f"{FOLDER}/{workload}/")]
        read = [_read(container, name) for name in names if f"{name.rsplit('/', 2)[0]}/" in wanted]
    signs = known_writers() is not None
    found = [held for one in read if (held := _by_facts(ledger, workload, one) if signs else one) is not None]
    return tuple(sorted(found, key=lambda one: (one.release, one.unit, one.stage)))


def _by_facts(ledger: Ledger, workload: str, held: ModelHold) -> ModelHold | None:
    """What is left of it by the release's facts; it stands where those cannot be read."""
    try:
        facts = read_facts(ledger, workload, held.release)
    except QuarantinedError:
        return held.model_copy(update={"lifted": None})
    if not held_at(facts, held.stage):
        return None
    return held if facts_of(facts, Kind.UNHELD) else held.model_copy(update={"lifted": None})


def lift_holds(ledger: Ledger, workload: str, release: str, why: str) -> int:
    """End every hold that came of this release; how many did."""
    container = open_ledger(ledger)
    lifted = 0
    with azure_errors(f"ending the holds of release {release}"):
        for blob in list(container.list_blobs(name_starts_with=f"{FOLDER}/{workload}/")):
            if blob.name.rsplit("/", 2)[1] != release:
                continue
            held = _read(container, blob.name)
            if held.lifted is None:
                ended = held.model_copy(update={"lifted": why})
                container.upload_blob(blob.name, ended.model_dump_json(), overwrite=True)
                lifted += 1
    return lifted


def _read(container: "ContainerClient", name: str) -> ModelHold:
    """Terminal for what is no hold: nobody knows whether it was ended, and other models are not concerned."""
    try:
        return ModelHold.model_validate_json(container.download_blob(name).readall())
    except ValidationError as error:
        raise Terminal(
            f"{name} in the ledger is not a hold ({str(error).splitlines()[0]}), so these models are not released. Find out who wrote it, "
            "and remove it"
        ) from None


def _folder(workload: str, digest: str) -> str:
    return f"{FOLDER}/{workload}/{digest.removeprefix('sha256:')}/"


def _path(workload: str, held: ModelHold) -> str:
    return f"{_folder(workload, held.digest)}{held.release}/{held.stage}.json"
