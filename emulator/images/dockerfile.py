"""A Dockerfile's instructions. (Docker's Dockerfile reference; heredocs and other escape characters are refused.)"""

import json
import re
from dataclasses import dataclass

from emulator.images.build_failure import BuildFailedError

WORDS = frozenset(
    [
        "FROM",
        "ARG",
        "ENV",
        "WORKDIR",
        "COPY",
        "ADD",
        "RUN",
        "EXPOSE",
        "USER",
        "LABEL",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK",
        "VOLUME",
        "STOPSIGNAL",
        "MAINTAINER",
    ]
)
NOT_HERE = frozenset({"SHELL", "ONBUILD"})
"""Docker's, too; a tree cannot honour them."""
FLAGGED = frozenset({"FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"})
MOST_BYTES = 1024 * 1024

_HEREDOC = re.compile(r"<<-?[\"']?[A-Za-z_]")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Instruction:
    """One of them. line: where it begins, from 1. flags: `--from=…` and their like. rest: all after them, joined lines."""

    line: int
    word: str
    flags: tuple[tuple[str, str], ...]
    rest: str

    @property
    def text(self) -> str:
        """As the log shows it."""
        flags = "".join(f"--{name}={value} " if value else f"--{name} " for name, value in self.flags)
        return f"{self.word} {flags}{self.rest}"

    def flag(self, name: str) -> str | None:
        """The value of a flag, or None."""
        return dict(self.flags).get(name)

    def listed(self) -> tuple[str, ...] | None:
        """The exec form (`["a", "b"]`); None for the shell form."""
        try:
            found = json.loads(self.rest) if self.rest.startswith("[") else None
        except ValueError:
            return None
        if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
            return None
        return tuple(found)


def parse_dockerfile(text: str) -> tuple[Instruction, ...]:
    """All instructions, in order; BuildFailedError, with the line, when there is something else, or none."""
    found: list[Instruction] = []
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            _check_directive(line, number)
            continue
        if not line.strip():
            continue
        start = start if pending else number
        body = line.rstrip()
        if body.endswith("\\"):
            pending.append(body[:-1])
            continue
        found.append(_instruction("".join([*pending, body]).strip(), start))
        pending = []
    if pending and (left := "".join(pending).strip()):
        found.append(_instruction(left, start))
    if not found:
        raise BuildFailedError("the Dockerfile cannot be empty")
    if (first := next((one for one in found if one.word != "ARG"), None)) is None or first.word != "FROM":
        raise BuildFailedError(
            "no build stage in current context: the first instruction must be FROM (or ARG before it)"
        )
    return tuple(found)


def _check_directive(line: str, number: int) -> None:
    escape = _ESCAPE.fullmatch(line.strip())
    if escape and escape[1] != "\\":
        raise _error(
            number, f"the escape character {escape[1]} is not understood here; continue lines with a backslash"
        )


def _instruction(text: str, line: int) -> Instruction:
    word, *others = text.split(maxsplit=1)
    word, rest = word.upper(), "".join(others).strip()
    if word in NOT_HERE:
        raise _error(line, f"{word} cannot be honoured by an unpacked tree; build this one with a Docker engine")
    if word not in WORDS:
        raise _error(line, f"unknown instruction: {word}")
    if word in {"RUN", "COPY", "ADD"} and _HEREDOC.search(rest):
        raise _error(
            line, f"{word} with a heredoc (<<) is not understood here; write the lines into a file and COPY it"
        )
    flags: list[tuple[str, str]] = []
    while word in FLAGGED and (flag := _FLAG.match(rest)):
        flags.append((flag[1], flag[2] or ""))
        rest = rest[flag.end() :]
    if not rest:
        raise _error(line, f"{word} requires at least one argument")
    return Instruction(line, word, tuple(flags), rest)


def _error(line: int, reason: str) -> BuildFailedError:
    return BuildFailedError(f"dockerfile parse error on line {line}: {reason}")
