"""Commands that are named in what is printed, as they have to be typed here: under the name that finds them, about the folder that was named."""

import os
import re
import shlex
import shutil
import sys
from contextvars import ContextVar
from pathlib import Path

HOME = Path(".signalbox")
"""The folder that a command works with when none is named."""
COMMAND = re.compile(r"`(signalbox|python)( [^`\n]*)?`")

_home: ContextVar[Path] = ContextVar("home", default=HOME)


def work_in(home: Path) -> None:
    """From now on what is advised is about this folder."""
    _home.set(home)


def as_typed(text: str) -> str:
    """The text, with what its `signalbox …` and `python …` have to be here and now."""
    return COMMAND.sub(_typed, text)


def _typed(found: re.Match[str]) -> str:
    program, rest = found[1], found[2] or ""
    home = _home.get()
    elsewhere = program == "signalbox" and home != HOME and "--home" not in rest
    return f"`{_program(program)}{rest}{f' --home {shlex.quote(str(home))}' if elsewhere else ''}`"


def _program(name: str) -> str:
    """Its bare name where the shell finds the one of this environment, else its path."""
    own = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if not own.exists() or (found is not None and Path(found).parent.resolve() == own.parent.resolve()):
        return name
    return shlex.quote(os.path.relpath(own) if own.is_relative_to(Path.cwd()) else str(own))
