"""A flight as callers describe it, checked before a model sees it."""

import re
from collections.abc import Mapping
from typing import Any

CODES = {"origin": r"[A-Z]{3}", "destination": r"[A-Z]{3}", "carrier": r"[0-9A-Z]{2}"}
"""IATA's codes of airports and airlines."""
RANGES = {"distance": (1, 12_000), "month": (1, 12), "hour": (0, 23)}
"""Miles; month and hour of the scheduled departure, where it takes off. Least and most, both allowed."""
WHOLE = {"month", "hour"}
FIELDS = {**CODES, **RANGES}
MOST_FLIGHTS = 1000
MOST_REASONS = 20


class Wrong(ValueError):  # noqa: N818 — it is what a 422 answers
    """The question cannot be answered. reasons: where, and what is allowed."""

    def __init__(self, reasons: list[dict[str, str]]) -> None:
        self.reasons = reasons[:MOST_REASONS]
        super().__init__(f"{len(reasons)} thing(s) in the request are wrong")


def flights_of(body: Any) -> list[Mapping[str, Any]]:
    """The flights of a request's body; Wrong says everything that is amiss, without repeating what was sent."""
    if not isinstance(body, dict) or set(body) != {"flights"} or not isinstance(body["flights"], list):
        raise Wrong([_reason("body", 'must be an object with one key: {"flights": [...]}')])
    flights = body["flights"]
    if not 1 <= len(flights) <= MOST_FLIGHTS:
        raise Wrong([_reason("flights", f"has {len(flights)} flights, and 1 to {MOST_FLIGHTS} are allowed")])
    reasons = [reason for place, flight in enumerate(flights) for reason in _faults(f"flights[{place}]", flight)]
    if reasons:
        raise Wrong(reasons)
    return flights


def _faults(where: str, flight: Any) -> list[dict[str, str]]:
    if not isinstance(flight, dict):
        return [_reason(where, f"must be an object with {', '.join(FIELDS)}")]
    faults = [_reason(f"{where}.{name}", "is missing") for name in FIELDS if name not in flight]
    faults += [_reason(f"{where}.{name[:60]}", "is no field of a flight") for name in flight if name not in FIELDS]
    for name, pattern in CODES.items():
        value = flight.get(name, "")
        if name in flight and not (isinstance(value, str) and re.fullmatch(pattern, value)):
            faults.append(_reason(f"{where}.{name}", f"must be a code like {pattern}"))
    for name, (least, most) in RANGES.items():
        if name in flight and not _within(flight[name], least, most, name in WHOLE):
            kind = "whole number" if name in WHOLE else "number"
            faults.append(_reason(f"{where}.{name}", f"must be a {kind} from {least} to {most}"))
    return faults


def _within(value: Any, least: float, most: float, whole: bool) -> bool:
    kinds = (int,) if whole else (int, float)
    # True is an int; NaN lies nowhere
    return isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most


def _reason(where: str, reason: str) -> dict[str, str]:
    return {"where": where, "reason": reason}
