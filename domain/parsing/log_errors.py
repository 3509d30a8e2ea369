"""What went wrong, from a log: an exception's own words and where it was raised, before all else that calls itself an error."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b")
TRACEBACK = re.compile(r"Traceback \(most recent call last\):?\s*$")
FRAME = re.compile(r'^[\s|+-]*File "(?P<file>[^"]+)", line (?P<line>\d+)')
UNPARSED = re.compile(r"^(SyntaxError|IndentationError|TabError): ")
"""What Python prints without a traceback when it cannot read the first file at all."""
LONGEST = 500
MOST = 20


def errors_of_log(text: str) -> tuple[str, ...]:
    """Each once: exceptions first, as `ValueError: words (score.py, line 4)`, the one that ended it before its causes; then lines
    that say ERROR, CRITICAL or FATAL. Never the line `Traceback …` by itself. Each at most 500 characters, at most 20."""
    lines = text.splitlines()
    exceptions: list[str] = []
    others: list[str] = []
    place = 0
    where = ""
    while place < len(lines):
        line = lines[place]
        place += 1
        if TRACEBACK.search(line):
            place, found = _exception(lines, place)
            exceptions.append(found)
        elif frame := FRAME.match(line):
            where = _where(frame)
        elif UNPARSED.match(line):
            exceptions.append(f"{line.strip()}{where}")
        elif ERROR.search(line):
            others.append(line.strip())
    told = dict.fromkeys(one[:LONGEST] for one in (*reversed(exceptions), *others) if one)
    return tuple(told)[:MOST]


def _exception(lines: Sequence[str], place: int) -> tuple[int, str]:
    """The place after the exception that a traceback ends with, and the exception; nothing where the log ends before it."""
    where = ""
    while place < len(lines):
        line = lines[place]
        if frame := FRAME.match(line):
            where = _where(frame)
        elif TRACEBACK.search(line):  # of several processes, or of a cause inside a group
            return place, ""
        elif line.strip() and not line[0].isspace():
            return place + 1, f"{line.strip()}{where}"
        place += 1
    return place, f"an exception whose text is not in the log{where}" if where else ""


def _where(frame: "re.Match[str]") -> str:
    return f" ({PurePosixPath(frame['file'].replace(chr(92), '/')).name}, line {frame['line']})"
