"""A `.dockerignore`: what of a folder no image gets. (docs.docker.com/build/concepts/context, ".dockerignore files".)"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import normpath

from domain.errors import Terminal

NAME = ".dockerignore"
TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|\\.|.", re.DOTALL)


@dataclass(frozen=True)
class DockerIgnore:
    """rules: a pattern of a path from the folder's top, and whether it takes back what one before it left out."""

    rules: Sequence[tuple[re.Pattern[str], bool]] = ()

    @classmethod
    def parse(cls, text: str) -> "DockerIgnore":
        """One rule a line; `#` begins a comment, `!` an exception. Terminal for a pattern that is none."""
        rules = []
        for line in text.removeprefix("\ufeff").splitlines():
            if line.startswith("#") or not line.strip():
                continue
            back = line.strip().startswith("!")
            wanted = normpath(line.strip().removeprefix("!").strip()).lstrip("/")
            try:
                if wanted not in {"", "."}:
                    rules.append((re.compile("".join(map(_expression, TOKENS.findall(wanted)))), back))
            except re.error as error:
                raise Terminal(f"{NAME}: {line.strip()!r} is not a pattern: {error}") from error
        return cls(tuple(rules))

    def leaves_out(self, path: str) -> bool:
        """path: from the folder's top, parted by slashes. The last rule that fits it, or a folder it is in, decides."""
        parts = path.split("/")
        places = ["/".join(parts[: number + 1]) for number in range(len(parts))]
        out = False
        for pattern, back in self.rules:
            if any(pattern.fullmatch(place) for place in places):
                out = not back
        return out


def _expression(token: str) -> str:
    match token:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    return token if len(token) > 1 and token[0] == "[" else re.escape(token[-1])
