"""The newest facts of a release, shown as an artifact in the Prefect UI: another place that knows what the ledger held.

A chain does not show that its end was cut off or its last record edited. This does, for the server and the ledger's
storage have access rules of their own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from domain.ledger.fact import Fact
from domain.naming import artifact_key
from tasks.artifacts import show_table

SHOWN = 40
"""Facts, the newest ones; a longer release is chained to them."""

Head = tuple[Mapping[str, Any], ...]
"""Rows of the artifact: fact, kind, stage, at, digest."""


def show_head(facts: Sequence[Fact]) -> None:
    """Show the newest facts of a release, after one was written."""
    rows = [
        {
            "fact": fact.sequence,
            "kind": fact.kind.value,
            "stage": fact.stage or "",
            "at": f"{fact.at:%Y-%m-%d %H:%M:%S}",
            "digest": fact.digest,
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
    """What was shown last; nothing for a new release. Read it before the facts: then the ledger holds all of it."""
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[artifact_key("ledger", workload, release)]))
    with get_client(sync_client=True) as client:
        found = client.read_latest_artifacts(artifact_filter=wanted, limit=1)
    return tuple(json.loads(str(found[0].data))) if found else ()


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
