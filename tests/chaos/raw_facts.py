"""A release's ledger, read with own eyes: JSON documents, and nothing of the product that reads them."""

import json
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Any

Raw = dict[str, Any]


def digest_of(manifest: Raw) -> str:
    """Of the manifest as it is stored, whatever the ledger says its digest is."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def models_of(facts: Sequence[Raw]) -> frozenset[str]:
    """What is released: "name:version"."""
    units = facts[0]["body"]["release"]["units"] if facts and "release" in facts[0]["body"] else []
    return frozenset(f"{unit['model_name']}:{unit['model_version']}" for unit in units)


def approved_stages(facts: Sequence[Raw]) -> set[str]:
    """Stages for which somebody said yes to exactly this manifest, and nobody no."""
    said = [fact["body"]["statement"] for fact in facts if fact["kind"] == "decided"]
    if not said:
        return set()
    digest = digest_of(facts[0]["body"]["release"])
    yes = {one["stage"] for one in said if one["choice"] == "approve" and one["release_digest"] == digest}
    return yes - {one["stage"] for one in said if one["choice"] == "reject"}


def passed_without_approval(facts: Sequence[Raw], gated: Collection[str]) -> Iterable[str]:
    """Everything that was begun or done at a gated stage before it was approved; a rollback needs no approval."""
    for number, fact in enumerate(facts):
        stage = fact["body"].get("stage")
        forward = fact["kind"] in {"promoted", "switched"} or (fact["kind"] == "journal" and not fact["body"]["back"])
        if forward and stage in gated and stage not in approved_stages(facts[:number]):
            yield f"fact {number} ({fact['kind']}) at {stage} comes before anybody approved it"
