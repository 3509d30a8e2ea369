"""Declared expectations, made into Great Expectations' own; everything wrong with them is said at once."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from domain.errors import InvalidDeclaration

_NONE: Mapping[str, str] = MappingProxyType({})
_POSITION = "declared position"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def build_expectations(declared: Sequence[Mapping[str, Any]], moments: Mapping[str, str] = _NONE) -> list[Any]:
    """Return the expectations in the declared order, each of which knows its position.

    moments: columns of times, and the offset that theirs have; there a day as a limit is the whole of that day, in UTC.

    Raises InvalidDeclaration with every unknown type and every wrong, missing or unknown argument.
    """
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from pydantic.v1 import ValidationError

    built, faults = [], list[str]()
    if not declared:
        faults.append("expectations: there are none, so nothing would be checked; declare at least one")
    for position, expectation in enumerate(declared):
        kwargs = dict(expectation)
        name = kwargs.pop("type", None)
        where = f"expectations[{position}]"
        if not isinstance(name, str):
            faults.append(
                f"{where}: needs a `type`, the name of an expectation such as expect_column_values_to_be_unique"
            )
            continue
        try:
            meta = {**(kwargs.pop("meta", None) or {}), _POSITION: position}
            if (column := str(kwargs.get("column"))) in moments:
                kwargs |= _whole_days(kwargs, moments[column])
            built.append(ExpectationConfiguration(type=name, kwargs=kwargs, meta=meta).to_domain_obj())
        except ExpectationNotFoundError:
            faults.append(f"{where}: there is no expectation {name!r}{_suggestion(name)}")
        except ValidationError as problem:
            faults += [f"{where} {name}: {fault}" for fault in _arguments(problem)]
        except TypeError as problem:
            faults.append(f"{where} {name}: {problem}")
    if faults:
        raise InvalidDeclaration(tuple(faults))
    return built


def _whole_days(arguments: Mapping[str, Any], offset: str) -> dict[str, str]:
    """The limits that are days, as moments: strictly after a day is after its end."""
    found = {}
    for limit, strict, ends in (("min_value", "strict_min", False), ("max_value", "strict_max", True)):
        day = arguments.get(limit)
        if isinstance(day, str) and _DAY.fullmatch(day):
            end = ends != bool(arguments.get(strict))
            found[limit] = f"{day}T{'23:59:59.999999' if end else '00:00:00'}{offset}"
    return found


def position_of(result: Any) -> int:
    """Return where the expectation of a result was declared."""
    return int(result.expectation_config.meta[_POSITION])


def _suggestion(name: str) -> str:
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    close = get_close_matches(name, list_registered_expectation_implementations(), n=1)
    return f"; did you mean {close[0]}?" if close else "; see Great Expectations' gallery for their names"


def _arguments(problem: Any) -> list[str]:
    """Return one fault an argument: a union's error says the same for each of its types, the first is the plainest."""
    first: dict[str, str] = {}
    for error in problem.errors():
        argument = str(error["loc"][0])
        first.setdefault(argument, error["msg"])
    if len(first) > 1:
        first.pop("__root__", None)  # said about arguments that are faulty themselves
    return [message if argument == "__root__" else f"{argument}: {message}" for argument, message in first.items()]
