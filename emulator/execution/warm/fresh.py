"""Makes a process that the parent forked what an interpreter is that has just started."""

import builtins
import importlib.machinery
import io
import logging
import os
import random
import signal
import sys
import time
import types
from typing import Any, TextIO

from emulator.execution.warm.request import Request

SURROUNDINGS = ("emulator", "__main__")
"""Modules of the parent itself, which user code must not meet."""


def take_on(request: Request, files: list[int], path: list[str]) -> None:
    """Streams, folder, variables, arguments, signals and modules as they would be. files: 0, 1, 2 and the folder."""
    for target, source in enumerate(files[:3]):
        os.dup2(source, target)
    os.fchdir(files[3])
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.umask(request.umask)
    os.environ.clear()
    os.environ.update(request.variables)
    plain = bool(request.variables.get("PYTHONUNBUFFERED"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        _open_stream(number, name, plain)
    sys.executable = request.executable
    sys.argv = list(request.words)
    sys.orig_argv = request.original
    first = os.getcwd() if request.module else os.path.dirname(os.path.realpath(request.script))  # noqa: PTH109, PTH120
    sys.path[:] = [first, *path]
    for name in [name for name in sys.modules if name.partition(".")[0] in SURROUNDINGS]:
        del sys.modules[name]
    sys.modules["__main__"] = _main_module()
    _forget()
    for number in request.ignored:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, request.blocked)


def _open_stream(number: int, name: str, plain: bool) -> None:
    """As `create_stdio` of CPython's pylifecycle.c opens it."""
    old: TextIO = getattr(sys, f"__{name}__")
    binary: Any = open(number, "wb" if number else "rb", buffering=0 if plain and number else -1, closefd=False)  # noqa: SIM115 (it stays open)
    raw = binary if plain and number else binary.raw
    raw.name = f"<{name}>"
    stream: Any = io.TextIOWrapper(
        binary,
        encoding=old.encoding,
        errors=old.errors,
        newline="\n",
        line_buffering=not plain and (raw.isatty() or number == 2),
        write_through=plain,
    )
    stream.mode = "w" if number else "r"
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _main_module() -> types.ModuleType:
    main = types.ModuleType("__main__")
    main.__loader__ = importlib.machinery.BuiltinImporter  # as in pylifecycle.c
    vars(main).update(__annotations__={}, __builtins__=builtins)
    return main


def _forget() -> None:
    """What modules drew or noted as they were imported, which would be the same in every job, or the parent's."""
    random.seed()
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()
    now = time.time()
    logging._startTime = type(logging._startTime)(now if isinstance(logging._startTime, float) else now * 1e9)  # type: ignore[attr-defined]
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]  # noqa: PTH109
        process.current_process().authkey = os.urandom(32)
