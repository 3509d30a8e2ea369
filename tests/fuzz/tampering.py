"""What somebody with the storage account's key can do to a ledger: everything but sign with other people's keys."""

import json
from collections.abc import Sequence
from typing import Any

from raw_ledger import FIRST, digest, spelled

from domain.ledger.fact import Fact

Stored = list[dict[str, Any]]


def loaded(texts: Sequence[str]) -> Stored:
    """The facts as JSON, to be changed."""
    return [json.loads(text) for text in texts]


def texts_of(stored: Stored) -> list[str]:
    """As they are stored."""
    return [spelled(fact) for fact in stored]


def chained_anew(stored: Stored, first: int = 0) -> Stored:
    """Sequence numbers and digests made right again, from a place on: all traces of the change are gone."""
    for number in range(first, len(stored)):
        stored[number]["sequence"] = number
        stored[number]["previous"] = FIRST if number == 0 else digest(stored[number - 1])
    return stored


def leaves(content: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where the single values of a document stand."""
    if isinstance(content, dict) and content:
        return [leaf for key in sorted(content) for leaf in leaves(content[key], (*path, key))]
    if isinstance(content, list) and content:
        return [leaf for number, one in enumerate(content) for leaf in leaves(one, (*path, number))]
    return [path]


def at(content: Any, path: Sequence[str | int]) -> Any:
    """The value that stands there; None where there is no such place."""
    for step in path:
        if (isinstance(content, list) and isinstance(step, int) and step < len(content)) or (
            isinstance(content, dict) and step in content
        ):
            content = content[step]
        else:
            return None
    return content


def replaced(content: Any, path: Sequence[str | int], value: Any) -> None:
    """Put another value there."""
    at(content, path[:-1])[path[-1]] = value


def other_value(value: Any, seen: Sequence[Any], which: int) -> Any:
    """Something else in place of a value: one that stands elsewhere at the same place, or one made up."""
    made_up: list[Any] = [None, "", 0, True, [], {}, "approve", "ada", "2025-12-10T12:00:00Z", "2031-01-01T00:00:00Z"]
    if isinstance(value, str):
        made_up += [value + "x", value[:-1], value.swapcase()]
    if isinstance(value, int) and not isinstance(value, bool):
        made_up += [value + 1, value - 1]
    different = [one for one in (*seen, *made_up) if one != value or type(one) is not type(value)]
    return different[which % len(different)]


def normal(fact: dict[str, Any]) -> dict[str, Any]:
    """As Signalbox would have written it; unchanged when it is no longer a fact at all."""
    try:
        return dict(json.loads(Fact.model_validate(fact).canonical_json()))
    except ValueError:
        return fact
