"""What `kubectl apply` was given, signed by who gave it: `kubectl` remembers the last one, whoever that was."""

import hashlib
import json
from typing import Any

from domain.parsing.kubernetes_manifest import PREFIX
from tasks.targets.kubernetes.objects import Document

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation: what `kubectl apply` was given."""
SIGNED = f"{PREFIX}applied_sha256"
"""Annotation: of what a release gave it."""


def signed(document: Document) -> Document:
    """With the annotation, as a release applies it."""
    return _annotated(document, {**_notes(document), SIGNED: _sha256(document)})


def is_applied_by_another(found: Document) -> bool:
    """Whether it is not as a release applied it last; what says nothing of that is taken for what a release applied."""
    ours, applied = _notes(found).get(SIGNED), last_applied(found)
    return ours is not None and (applied is None or _sha256(applied) != ours)


def last_applied(found: Document) -> Document | None:
    """What `kubectl apply` was given; None where nobody applied it, or where a person took our annotation away to give it up."""
    text = _notes(found).get(APPLIED)
    if text is None:
        return None
    applied: Document = json.loads(text)
    given_up = SIGNED in _notes(applied) and SIGNED not in _notes(found)
    return None if given_up else applied


def _sha256(document: Document) -> str:
    """Of what it says, however it is written: kubectl adds the namespace, and writes 1.0 as 1."""
    plain = _annotated(json.loads(json.dumps(document), parse_float=_number), _unsigned(document))
    plain["metadata"].pop("namespace", None)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def _notes(document: Document) -> dict[str, str]:
    return document["metadata"].get("annotations") or {}


def _unsigned(document: Document) -> dict[str, str]:
    return {key: text for key, text in _notes(document).items() if key != SIGNED}


def _annotated(document: Document, notes: dict[str, str]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "annotations": notes}}
