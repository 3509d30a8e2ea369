"""A pydantic fault in words that a person can act on: where, what, what is allowed."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.text import did_you_mean, listed

Location = tuple[str | int, ...]

WANTED = {
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys",
    "model_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "date_type": "must be a day, YYYY-MM-DD",
    "date_parsing": "must be a day, YYYY-MM-DD",
    "date_from_datetime_parsing": "must be a day, YYYY-MM-DD",
    "date_from_datetime_inexact": "must be a day, YYYY-MM-DD, with no time of day",
    "finite_number": "must be a finite number",
    "string_too_short": "is empty",
    "path_type": "must be a path, as text",
}


def dotted(at: Location) -> str:
    """`stages[1].gate.group`; `document` for the whole."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".") or "document"


def worded(error: ValidationError, root: type[BaseModel]) -> list[tuple[Location, str]]:
    """Every fault: where, and what is wrong with what is allowed instead."""
    return [
        (_shown(fault, root), _what(fault, root))
        for fault in error.errors()
        if not (
            fault["type"] == "too_short" and fault["input"]
        )  # a list whose items are faulty, which say so themselves
    ]


def _shown(fault: ErrorDetails, root: type[BaseModel]) -> Location:
    """Where the fault is, as the file spells it: pydantic adds a union's tag, where a file has no key."""
    location: Location = ()
    models: tuple[type[BaseModel], ...] = (root,)
    for part in fault["loc"]:
        if isinstance(part, str) and len(models) > 1 and part in _tags(models):
            models = tuple(model for model in models if part in _tags((model,)))
            continue
        location = (*location, part)
        if isinstance(part, str):
            models = tuple(found for model in models for found in _models_at(model, part))
    return location


def _what(fault: ErrorDetails, root: type[BaseModel]) -> str:
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        keys = _keys(fault["loc"][:-1], root)
        return f"unknown key{did_you_mean(str(fault['loc'][-1]), keys)}; allowed: {listed(keys)}"
    if kind == "missing":
        return "missing; it is required"
    if kind == "union_tag_not_found":
        return f"needs {context['discriminator']}; allowed: {listed(_known_tags(fault['loc'], root))}"
    if kind == "union_tag_invalid":
        tags = _known_tags(fault["loc"], root)
        return f"unknown kind {context['tag']!r}{did_you_mean(context['tag'], tags)}; allowed: {listed(tags)}"
    if kind == "enum":
        allowed = context["expected"]
        return f"is {_brief(given)}; allowed: {allowed}{did_you_mean(str(given), allowed.split(chr(39))[1::2])}"
    if kind == "too_short":
        return "is empty; at least one is needed"
    if kind in WANTED:
        return WANTED[kind] + ("" if kind == "string_too_short" else f"; it is {_brief(given)}")
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message if kind == "value_error" else f"must be {message}; it is {_brief(given)}"


def _brief(value: object) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _models_at(model: type[BaseModel], key: str) -> tuple[type[BaseModel], ...]:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return tuple(_models_in(field.annotation))
    return ()


def _tags(models: tuple[type[BaseModel], ...]) -> tuple[str, ...]:
    return tuple(tag for model in models if "kind" in model.model_fields for tag in _kinds(model))


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(map(str, get_args(model.model_fields["kind"].annotation)))


def _reached(at: tuple[int | str, ...], root: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    models: tuple[type[BaseModel], ...] = (root,)
    for part in at:
        if isinstance(part, int):
            continue
        tagged = tuple(model for model in models if part in _tags((model,)))
        models = tagged or tuple(found for model in models for found in _models_at(model, part))
    return models


def _keys(at: tuple[int | str, ...], root: type[BaseModel]) -> tuple[str, ...]:
    """The keys that the mapping at a place may have, in declared order."""
    return tuple(
        field.alias or name
        for model in _reached(at, root)
        for name, field in model.model_fields.items()
        if not field.exclude  # set by whoever loads the file, not by whoever writes it
    )


def _known_tags(at: tuple[int | str, ...], root: type[BaseModel]) -> tuple[str, ...]:
    return _tags(_reached(at, root))
