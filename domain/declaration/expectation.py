"""A declared expectation against Great Expectations' own schema of it, before anything is started.

The library ships a JSON schema of each of its expectations; they are read as files, because importing it takes seconds.
"""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from domain.parsing.field_errors import Location
from domain.text import did_you_mean

Found = Iterator[tuple[Location, str]]
NOT_TAKEN = {
    "id", "result_format", "catch_exceptions", "rendered_content", "windows", "batch_id", "metadata", "library_metadata",
}  # fmt: skip
"""Keys of Great Expectations' own services, or of how it reports; `validate` decides that."""
FREE = {"meta", "notes", "description", "severity"}
"""Keys that say something to people, whatever is in them."""


def faults_of_expectation(declared: Mapping[str, Any]) -> Found:
    """Where in it, and what is wrong with it: its name, its arguments, limits that nothing or everything meets."""
    kind = declared.get("type")
    if kind is None:
        yield (), "needs `type`, the name of an expectation such as expect_column_values_to_be_unique"
        return
    known = _schema_files()
    if not isinstance(kind, str) or kind not in known:
        close = did_you_mean(kind, known) if isinstance(kind, str) else ""
        yield ("type",), f"there is no expectation {kind!r}{close}"
        return
    schema = _schema(kind)
    given = {name: value for name, value in declared.items() if name != "type" and value is not None}
    taken = set(schema["properties"]) - NOT_TAKEN
    for name in given:
        if name not in taken:
            yield (name,), f"{kind} takes no {name}{did_you_mean(name, taken)}"
    yield from _not_finite(given, ())
    arguments = {name: value for name, value in given.items() if name in taken - FREE}
    absent = [name for name in schema.get("required", ()) if name not in arguments]
    yield from (((), f"{kind} needs `{name}`") for name in absent)
    for name, value in arguments.items():
        told = next(iter(Draft7Validator(_argument(schema, name)).iter_errors(value)), None)
        if told is not None:
            yield (name,), _worded(name, value, told)
    if {"min_value", "max_value"} <= taken:
        yield from _limits(arguments)


def _not_finite(value: object, at: Location) -> Found:
    if isinstance(value, float) and not math.isfinite(value):
        yield at, "must be a finite number"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _not_finite(item, (*at, str(name)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _not_finite(item, (*at, place))


def _limits(arguments: Mapping[str, Any]) -> Found:
    limits = {name: arguments[name] for name in ("min_value", "max_value") if name in arguments}
    if not limits:
        yield (), "needs `min_value` or `max_value`: without them, anything meets it"
    places: list[float] = []
    for name, value in limits.items():
        if isinstance(value, str):
            moment = _moment(value)
            if moment is None:
                yield (name,), f"must be a number, a day or a time such as 2014-01-01T00:00:00Z; it is {value[:60]!r}"
                return
            places.append(moment)
        elif isinstance(value, int | float):
            places.append(value)
    strict = arguments.get("strict_min") or arguments.get("strict_max")
    both = len(places) == 2 and isinstance(limits["min_value"], str) == isinstance(limits["max_value"], str)
    if both and (places[0] > places[1] or (places[0] == places[1] and strict)):
        low, high = limits.values()
        yield ("min_value",), f"nothing lies between {low} and {high}: it would never be met"


def _moment(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _worded(name: str, value: object, told: ValidationError) -> str:
    if name == "mostly":
        return f"must be a share from 0 to 1, such as 0.97; it is {value!r}"
    if name.endswith("_set") and isinstance(value, list) and any(isinstance(item, bool) for item in value):
        return "must be all text or all numbers; put words such as NO and ON in quotes"
    if name.endswith("_set") and isinstance(value, list) and value:
        return "must be all text or all numbers; put numbers that are names in quotes"
    reason = told.message if len(told.message) <= 120 else f"{value!r:.60} is not a value that it accepts"
    return reason.replace("is not valid under any of the given schemas", "is not a value that it accepts")


@lru_cache
def _schema_files() -> dict[str, Path]:
    spec = find_spec("great_expectations")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("great_expectations is not installed, so expectations cannot be read")
    folder = Path(spec.origin).parent / "expectations" / "core" / "schemas"
    index = json.loads((folder / "index.json").read_text())["expectations"]
    return {name: folder / entry["schema_file"] for name, entry in index.items() if name.startswith("expect_")}


@lru_cache
def _schema(kind: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_schema_files()[kind].read_text())
    return read


def _argument(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Of one argument, without the library's parameters ({"$PARAMETER": …}), and shares as fine as they are declared."""
    own = {key: value for key, value in schema["properties"][name].items() if key != "multipleOf"}
    if "anyOf" in own and name != "row_condition":
        own["anyOf"] = [one for one in own["anyOf"] if one.get("type") != "object"]
    return own | {"definitions": schema.get("definitions", {})}
