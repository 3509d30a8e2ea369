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
from types import ModuleType, TracebackType

from emulator.execution.warm.request import Request

system = ctypes.CDLL(None, use_errno=True)
_kept: list[str] = []
_begun = False


def run(request: Request) -> None:
    """Run it; returns when it ended by itself. SystemExit carries every other end but an interrupt's."""
    global _begun
    _begun = True
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
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]  # what `-m` calls
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 (user code may raise anything)
        trace = error.__traceback__
        _shown(error, None if trace is None else trace.tb_next)
        if not isinstance(error, KeyboardInterrupt):
            raise SystemExit(1) from None
        sys.excepthook = _silent
        raise  # the interpreter then ends by SIGINT


def _silent(*_: object) -> None:
    """It has been shown."""


def _shown(error: BaseException, trace: TracebackType | None) -> None:
    """As `PyErr_Print` shows it."""
    error.__traceback__ = trace
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        sys.stderr.write("sys.excepthook is missing\n")
        sys.__excepthook__(type(error), error, trace)
        return
    try:
        hook(type(error), error, trace)
    except SystemExit:
        raise
    except BaseException as second:  # noqa: BLE001 (as above)
        inner = second.__traceback__
        second.__context__ = None
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(second), second, None if inner is None else inner.tb_next)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, trace)
    sys.stderr.flush()


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


atexit.register(_leave_modules)
