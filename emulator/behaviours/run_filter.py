"""`$filter` of a registry's runs: comparisons that must all hold, as the REST API names the properties."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from emulator.arm.errors import AzureError, bad_request
from emulator.behaviours import Document

SIGNS: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "ge": ge, "gt": gt, "le": le, "lt": lt}
FIELDS = {"runid": "runId", "status": "status", "runtype": "runType", "taskname": "task", "createtime": "createTime"}
COMPARISON = re.compile(r"(?P<field>\w+)\s+(?P<sign>eq|ne|ge|gt|le|lt)\s+(?P<quote>'?)(?P<value>[^']*)(?P=quote)")
CONTAINS = re.compile(r"contains\(OutputImageManifests,\s*'(?P<value>[^']*)'\)", re.IGNORECASE)
AND = re.compile(r"\s+and\s+", re.IGNORECASE)

Test = Callable[[Document], bool]


def tests_of(text: str) -> list[Test]:
    """What a run's properties must meet; AzureError 400 for what is not understood."""
    return [_test(term.strip(), text) for term in AND.split(text)] if text.strip() else []


def _test(term: str, text: str) -> Test:
    within = CONTAINS.fullmatch(term)
    if within is not None:
        return lambda run: within["value"] in _manifests(run)
    found = COMPARISON.fullmatch(term)
    field = FIELDS.get(found["field"].lower()) if found else None
    if found is None or field is None:
        raise _not_understood(text)
    compare, value = SIGNS[found["sign"]], found["value"]
    if field != "createTime":
        return lambda run: compare(str(run.get(field) or "").lower(), value.lower())
    try:
        moment = _moment(value)
    except ValueError as error:
        raise _not_understood(text) from error
    return lambda run: compare(_moment(run["createTime"]), moment)


def _manifests(run: Document) -> list[str]:
    return [f"{one['repository']}@{one['digest']}" for one in run.get("outputImages") or []]


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _not_understood(text: str) -> AzureError:
    return bad_request(
        f"The filter '{text}' is not understood; the emulator knows RunId, Status, RunType, TaskName and CreateTime with eq, ne, "
        "ge, gt, le or lt, and contains(OutputImageManifests, '…'), joined by and.",
        "InvalidFilter",
    )
