"""A pydantic fault in words that a person can act on: where, what, what is allowed."""

from collections.abc import Collection, Iterator, Sized
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from domain.text import counted, did_you_mean, listed

Location = tuple[str | int, ...]

LIST = "must be a list"
MAPPING = "must be a mapping of keys"
NUMBER = "must be a number"
WHOLE = "must be a whole number"
TRUTH = "must be true or false"
TEXT = "must be text"
EMPTY_TEXT = "is empty; write some text"
DAY = "must be a day, YYYY-MM-DD"
CLOCK = "must be a time by the wall clock, such as 2026-01-05T08:00"
WANTED = {
    "string_type": TEXT,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "bool_type": TRUTH,
    "bool_parsing": TRUTH,
    "tuple_type": LIST,
    "list_type": LIST,
    "dict_type": MAPPING,
    "mapping_type": MAPPING,
    "model_type": MAPPING,
    "model_attributes_type": MAPPING,
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": f"{DAY}, with no time of day",
    "datetime_type": CLOCK,
    "datetime_parsing": CLOCK,
    "datetime_from_date_parsing": CLOCK,
    "datetime_object_invalid": CLOCK,
    "timezone_naive": f"{CLOCK}; its zone is `timezone`",
    "timezone_aware": "must be a time with its zone, such as 2026-01-05T08:00Z",
    "path_type": "must be a path, as text",
}
"""Kinds of fault that one phrase says, with pydantic's context in its gaps."""
OTHERWISE = "cannot stand here"
"""Of any other kind: pydantic's own words are for developers."""
SPELT = {"None": "empty", "True": "true", "False": "false"}
"""As a declaration spells them."""
KEY = "[key]"
"""What pydantic adds where a mapping's key is at fault, not its value."""


@dataclass(frozen=True)
class _Branch:
    """One of the things that may stand at a place. tags: by which pydantic calls it; model: None where it is no mapping of known keys."""

    tags: tuple[str, ...]
    model: type[BaseModel] | None


def dotted(at: Location) -> str:
    """`stages[1].gate.group`; `document` for the whole."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".") or "document"


def worded(error: ValidationError, root: type[BaseModel]) -> list[tuple[Location, str]]:
    """Every fault: where, and what is wrong with what is allowed instead."""
    faults = error.errors()
    places = [fault["loc"] for fault in faults]
    return [_worded(fault, root) for fault in faults if not _follows(fault, places)]


def _follows(fault: ErrorDetails, places: Collection[Location]) -> bool:
    """Whether a list is too short only because items of it are faulty, which say so themselves."""
    at = fault["loc"]
    return fault["type"] == "too_short" and any(len(at) < len(other) and other[: len(at)] == at for other in places)


def _worded(fault: ErrorDetails, root: type[BaseModel]) -> tuple[Location, str]:
    shown, _ = _walked(fault["loc"], root)
    _, holders = _walked(fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"], root)
    return shown, _what(fault, holders)


def _what(fault: ErrorDetails, branches: tuple[_Branch, ...]) -> str:
    """branches: what may stand at its place; for an unknown key, where that key is."""
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    size = len(given) if isinstance(given, Sized) else 0
    match kind:
        case "value_error" | "assertion_error":
            return str(context["error"])
        case "extra_forbidden":
            keys = _keys(branches)
            return f"unknown key{did_you_mean(str(fault['loc'][-1]), keys)}; allowed: {listed(keys)}"
        case "missing":
            return "missing; it is required"
        case "wanted":  # a declaration's own
            return f"{fault['msg']}; it is {_brief(given)}"
        case "union_tag_not_found":
            return f"needs {context['discriminator'].strip(chr(39))}; allowed: {listed(_tags(branches))}"
        case "union_tag_invalid":
            tags = _tags(branches)
            return f"unknown kind {context['tag']!r}{did_you_mean(context['tag'], tags)}; allowed: {listed(tags)}"
        case "enum" | "literal_error":
            allowed = context["expected"].split("'")[1::2]
            return f"is {_brief(given)}{did_you_mean(str(given), allowed)}; allowed: {listed(allowed)}"
        case "too_short":
            least = context["min_length"]
            has = f"has {counted(size, 'item')}" if size else "is empty"
            return f"{has}; at least {'one is' if least == 1 else f'{least} are'} needed"
        case "too_long":
            return f"has {counted(size, 'item')}; at most {context['max_length']} are possible"
        case "string_too_short":
            return f"has {counted(size, 'character')}; write {context['min_length']} or more" if size else EMPTY_TEXT
        case "string_too_long":
            return f"has {counted(size, 'character')}; at most {context['max_length']} are possible"
    return _wanted(kind, given, context)


def _wanted(kind: str, given: object, context: dict[str, Any]) -> str:
    whole = {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in context.items()}
    wanted = WANTED.get(kind, OTHERWISE).format(**whole)
    if given is None and wanted != OTHERWISE:
        return f"is empty; it {wanted}"
    if kind == "string_type" and isinstance(given, int | float):
        return f"{wanted}, but is read as {_brief(given)}; put it in quotes"
    return f"{wanted}; it is {_brief(given)}"


def _brief(value: object) -> str:
    text = SPELT.get(str(value), repr(value)) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _branches(annotation: Any, tags: tuple[str, ...] = ()) -> Iterator[_Branch]:
    """All that an annotation allows and that has keys or tags."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield _Branch(tags or _kinds(annotation), annotation)
        return
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        tags = tuple(one.tag for one in inner[1:] if isinstance(one, Tag)) or tags
        inner = inner[:1]
    found = [branch for one in inner for branch in _branches(one, tags)]
    yield from found or ([_Branch(tags, None)] if tags else [])


def _branches_at(model: type[BaseModel] | None, key: str | int) -> Iterator[_Branch]:
    for name, field in model.model_fields.items() if model is not None else ():
        if key == (field.alias or name):
            yield from _branches(field.annotation)


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(map(str, get_args(model.model_fields["kind"].annotation))) if "kind" in model.model_fields else ()


def _walked(at: Location, root: type[BaseModel]) -> tuple[Location, tuple[_Branch, ...]]:
    """A place as the file spells it, and what may stand there: pydantic adds a union's tag, where a file has no key."""
    shown: Location = ()
    branches: tuple[_Branch, ...] = (_Branch((), root),)
    for part in at:
        tagged = tuple(branch for branch in branches if part in branch.tags) if len(branches) > 1 else ()
        if tagged:
            branches = tagged
        elif part != KEY:
            shown = (*shown, part)
            if isinstance(part, str):
                branches = tuple(found for branch in branches for found in _branches_at(branch.model, part))
    return shown, branches


def _keys(branches: tuple[_Branch, ...]) -> tuple[str, ...]:
    """The keys that the mapping at a place may have, in declared order."""
    return tuple(
        field.alias or name
        for branch in branches
        if branch.model is not None
        for name, field in branch.model.model_fields.items()
        if not field.exclude  # set by whoever loads the file, not by whoever writes it
    )


def _tags(branches: tuple[_Branch, ...]) -> tuple[str, ...]:
    return tuple(tag for branch in branches for tag in branch.tags)
