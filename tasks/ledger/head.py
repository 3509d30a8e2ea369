"""The newest facts of a release, shown as an artifact in the Prefect UI: another place that knows what the ledger held.

A chain does not show that its end was cut off or its last record edited. This does, for the server and the ledger's
storage have access rules of their own. Everybody who reaches the server can make an artifact: where the environment signs, a row
counts by its fact's signature, in whichever artifact it stands.
"""

import json
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

from cachetools import LRUCache, cached
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    ArtifactFilter,
    ArtifactFilterKey,
)
from prefect.client.schemas.sorting import ArtifactSort
from pydantic import ValidationError

from domain.ledger.fact import Fact, slot_of
from domain.ledger.signature import Signature
from domain.ledger.trust import Trust
from domain.naming import artifact_key
from tasks.artifacts import show_table
from tasks.ledger.trust import known_writers

SHOWN = 40
"""Facts, the newest ones; a longer release is chained to them."""
LOOKED_AT = 20
"""Artifacts of one release, the newest ones."""

Head = tuple[Mapping[str, Any], ...]
"""Rows of the artifacts: fact, kind, stage, at, digest, and where it is signed key and signature."""


def show_head(facts: Sequence[Fact]) -> None:
    """Show the newest facts of a release, after one was written."""
    rows = [
        {
            "fact": fact.sequence,
            "kind": fact.kind.value,
            "stage": fact.stage or "",
            "at": f"{fact.at:%Y-%m-%d %H:%M:%S}",
            "digest": fact.digest,
            **({"key": fact.signature.key, "signature": fact.signature.value} if fact.signature is not None else {}),
        }
        for fact in facts[-SHOWN:]
    ]
    first = facts[-1]
    show_table(
        rows,
        key=artifact_key("ledger", first.workload, first.release),
        description=f"Ledger of release {first.release} of {first.workload}",
    )


def shown_head(workload: str, release: str) -> Head:
    """What was shown; nothing for a new release. Read it before the facts: then the ledger holds all of it."""
    trust, key = known_writers(), [artifact_key("ledger", workload, release)]
    with get_client(sync_client=True) as client:
        if trust is None:
            latest = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=key))
            found = client.read_latest_artifacts(artifact_filter=latest, limit=1)
            return tuple(json.loads(str(found[0].data))) if found else ()
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=key))
        every = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.UPDATED_DESC, limit=LOOKED_AT)
    rows = (row for one in every for row in _rows(one.data))
    return tuple(row for row in rows if _is_written(trust, workload, release, row))


def _rows(data: object) -> Sequence[Any]:
    try:
        rows = json.loads(str(data))
    except ValueError:
        return ()
    return rows if isinstance(rows, list) else ()


def _is_written(trust: Trust, workload: str, release: str, row: Any) -> bool:
    """Whether a writer signed the fact that it is about."""
    if not isinstance(row, Mapping) or not isinstance(row.get("fact"), int):
        return False
    slot = slot_of(workload, release, row["fact"])
    return _vouched(trust, slot, *(str(row.get(part)) for part in ("digest", "key", "signature")))[1]


@cached(LRUCache[Any, tuple[Trust, bool]](maxsize=8192), key=lambda trust, *row: (id(trust), *row), lock=RLock())
def _vouched(trust: Trust, slot: str, digest: str, key: str, value: str) -> tuple[Trust, bool]:
    """The same row stands in many artifacts. With the answer is kept by whom it was given, so that nobody else gets their number."""
    try:
        return trust, not trust.vouches(slot, digest, Signature(key=key, value=value))
    except ValidationError:
        return trust, False


def faults_of_head(head: Head, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Facts that the server has seen and the ledger does not hold, or holds otherwise."""
    held = {fact.sequence: fact.digest for fact in facts}
    faults: list[str] = []
    for row in head:
        if not isinstance(row, Mapping) or not {"fact", "kind", "digest"} <= row.keys():
            return (
                "what the server shows of the release's facts cannot be read: somebody wrote another artifact under its key. Find out who, "
                "and delete it; `signalbox audit RELEASE --workload NAME` looks at the ledger alone",
            )
        if row["fact"] not in held:
            faults.append(f"fact {row['fact']} ({row['kind']}) was written, and the ledger no longer has it")
        elif held[row["fact"]] != row["digest"]:
            faults.append(f"fact {row['fact']} ({row['kind']}) was changed: it had digest {row['digest']}")
    return tuple(faults)
