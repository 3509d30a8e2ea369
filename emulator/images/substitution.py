"""Variables in a Dockerfile's instructions: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+instead}`, with quotes."""

import re
from collections.abc import Mapping

from emulator.images.build_failure import BuildFailedError

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?([-+])([^}]*))?\})")


def words(text: str, variables: Mapping[str, str]) -> list[str]:
    """The words between unquoted blanks, without their quotes; a variable's value is never split."""
    found: list[str] = []
    word, quote, open_word, at = "", "", False, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and quote != "'" and at + 1 < len(text):
            kept = "" if not quote or text[at + 1] in '"\\$' else "\\"
            word, open_word, at = word + kept + text[at + 1], True, at + 2
            continue
        if sign == "$" and quote != "'" and (variable := _VARIABLE.match(text, at)):
            word, open_word, at = word + _value(variable, variables), True, variable.end()
            continue
        if quote and sign == quote:
            quote = ""
        elif not quote and sign in "\"'":
            quote, open_word = sign, True
        elif not quote and sign.isspace():
            if open_word:
                found.append(word)
            word, open_word = "", False
        else:
            word, open_word = word + sign, True
        at += 1
    if quote:
        raise BuildFailedError(f"unexpected end of statement while looking for matching {quote}: {text}")
    return [*found, word] if open_word else found


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """The text as one value; blanks stay single."""
    return " ".join(words(text, variables))


def pairs(text: str, variables: Mapping[str, str]) -> dict[str, str]:
    """`A=1 B="x y"`, or the old `A the rest`."""
    name, _, rest = text.partition(" ")
    if "=" not in name:
        if not rest.strip():
            raise BuildFailedError(f"{name} must have a value, as in {name}=value")
        return {name: substituted(rest.strip(), variables)}
    found: dict[str, str] = {}
    for word in words(text, variables):
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise BuildFailedError(f"Syntax error - can't find = in {word!r}. Must be of the form: name=value")
        found[key] = value
    return found


def _value(variable: re.Match[str], variables: Mapping[str, str]) -> str:
    name = variable[1] or variable[2]
    known = variables.get(name, "")
    if variable[3] == "-":
        return known or variable[4]
    if variable[3] == "+":
        return variable[4] if known else ""
    return known
