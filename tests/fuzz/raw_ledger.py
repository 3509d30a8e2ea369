"""Stored facts, read as plain JSON by rules of their own: nothing of the domain's code has a say."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

FIRST = "sha256:" + "0" * 64


def digest(content: Mapping[str, Any]) -> str:
    """sha256 of canonical JSON."""
    return "sha256:" + sha256(spelled(content).encode()).hexdigest()


def spelled(content: Mapping[str, Any]) -> str:
    """Canonical JSON."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def chain_breaks(stored: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where a fact does not follow the one before."""
    breaks = []
    before = FIRST
    for number, fact in enumerate(stored):
        if fact["sequence"] != number or fact["previous"] != before:
            breaks.append(f"fact {number} does not follow")
        before = digest(fact)
    return breaks


def ends(stored: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the release has ended."""
    return [f"it has ended {fact['body'].get('outcome')}" for fact in stored if fact["kind"] == "ended"]


def rejected(stored: Sequence[Mapping[str, Any]], stage: str) -> bool:
    """Whether a rejection of the stage stands there."""
    for fact in stored:
        statement = fact["body"].get("statement")
        about = fact["kind"] == "decided" and fact["body"].get("stage") == stage
        if about and isinstance(statement, dict) and statement.get("choice") == "reject":
            return True
    return False


def moment(text: str) -> datetime:
    """In UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
