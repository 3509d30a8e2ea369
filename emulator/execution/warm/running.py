"""Runs a script or module as the interpreter's own main program does, and ends as it ends."""

import atexit
import ctypes
import gc
import io
import os
import runpy
import sys
import threading
from contextlib import suppress
from types import ModuleType

from emulator.execution.warm.request import Request

system = ctypes.CDLL(None, use_errno=True)
_kept: list[str] = []
_begun = False


def run(request: Request) -> None:
    """Run it; returns when it ended by itself. SystemExit carries every other end but an interrupt's."""
    global _begun
    _begun = True
    _leave_libraries()
    if request.module:
        _run_module(request.module)
        return
    place = os.getcwd()  # noqa: PTH109
    script = request.script
    if not script.startswith("/"):
        script = f"{place.rstrip('/')}/{script.removeprefix('./')}"
    name = os.fsencode(script)
    system.fopen.restype = ctypes.c_void_p
    stream = system.fopen(name, b"rb")
    if not stream:
        reason = os.strerror(ctypes.get_errno())
        sys.stderr.write(f"{sys.executable}: can't open file {script!r}: [Errno {ctypes.get_errno()}] {reason}\n")
        raise SystemExit(2)
    # The interpreter's own: tracebacks, SystemExit, sys.excepthook and syntax errors are as they always are.
    if ctypes.pythonapi.PyRun_SimpleFileExFlags(ctypes.c_void_p(stream), name, 1, None) == 0:
        return
    kind = getattr(sys, "last_type", None)
    if not isinstance(kind, type) or not issubclass(kind, KeyboardInterrupt):
        raise SystemExit(1)
    # else it has noted the interrupt, and ends by SIGINT after its last exit function


def _run_module(name: str) -> None:
    found: BaseException | None = None
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]  # what `-m` calls
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 (user code may raise anything)
        trace = error.__traceback__
        found = error.with_traceback(None if trace is None else trace.tb_next)
    if found is None:
        return
    _show(found)
    if not isinstance(found, KeyboardInterrupt):
        raise SystemExit(1)
    sys.excepthook = _silent
    raise found  # the interpreter then ends by SIGINT


def _silent(*_: object) -> None:
    """It has been shown."""


def _show(error: BaseException) -> None:
    """As `PyErr_Print` does; outside of any `except`, because a hook may ask what is being handled."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if not hasattr(sys, "excepthook"):
        sys.stderr.write("sys.excepthook is missing\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
        return
    second: BaseException | None = None
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit:
        raise
    except BaseException as raised:  # noqa: BLE001 (as above)
        trace = raised.__traceback__
        second = raised.with_traceback(None if trace is None else trace.tb_next)
    if second is not None:
        for heading, one in (("Error in sys.excepthook:\n", second), ("\nOriginal exception was:\n", error)):
            sys.stderr.write(heading)
            sys.__excepthook__(type(one), one, one.__traceback__)


def keep_modules() -> None:
    """Before forking: from now on no end of an interpreter takes down what is loaded, one object after the other.

    That costs half a second, and nobody can see it: these modules own nothing that must be closed.
    """
    increase = ctypes.pythonapi.Py_IncRef
    increase.argtypes = [ctypes.py_object]
    for name, module in list(sys.modules.items()):
        if name in ("sys", "builtins"):
            continue
        increase(module)
        if isinstance(module, ModuleType):
            increase(module.__dict__)
        if name != "__main__":
            _kept.append(name)


def _leave_modules() -> None:
    """The last exit function: user code's own have run."""
    if not _begun or threading.active_count() > 1 or len(sys._current_frames()) > 1:
        return  # a thread that goes on may yet import something
    for found in gc.get_objects():
        if isinstance(found, io.IOBase) and type(found).__module__ in ("_io", "io"):
            with suppress(Exception):  # closed, or its disk is full: it is the last chance of what only a module holds
                found.flush()
    for name in _kept:
        sys.modules.pop(name, None)


def _leave_libraries() -> None:
    """The C library's exit ends with closing its files: what was loaded before this has nothing to give back, either.

    Exit functions run in the order opposite to that in which they were registered, so those of libraries that user code
    loads itself run before. Elsewhere than in glibc nothing changes: all run.
    """
    if hasattr(system, "on_exit") and hasattr(system, "fcloseall"):
        system.on_exit(system._exit, None)
        system.on_exit(system.fcloseall, None)


atexit.register(_leave_modules)
