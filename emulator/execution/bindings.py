"""`${{…}}` and `$[[…]]` in commands, inputs and outputs, as Azure ML writes them."""

import re
from collections.abc import Mapping

EXPRESSION = re.compile(r"\$\{\{\s*([A-Za-z0-9_.\-]+)\s*\}\}")
OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


def whole_expression(text: object) -> str | None:
    """The path inside `${{…}}` when the text is nothing but that; None otherwise."""
    found = EXPRESSION.fullmatch(text.strip()) if isinstance(text, str) else None
    return found[1] if found else None


def fill(command: str, values: Mapping[str, str]) -> str:
    """A command with its values; an optional part goes when one of its values is not given. KeyError names a missing one.

    values: `inputs.x` and `outputs.y` → text.
    """

    def optional(match: re.Match[str]) -> str:
        names = EXPRESSION.findall(match[1])
        return match[1] if all(name in values for name in names) else ""

    return EXPRESSION.sub(lambda match: values[match[1]], OPTIONAL.sub(optional, command))


def parts(path: str) -> tuple[str, ...]:
    """`parent.jobs.train.outputs.model` → its parts."""
    return tuple(path.split("."))
