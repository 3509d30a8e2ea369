"""A function in a process of its own, which may be killed while it runs."""

import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 240
"""After which a run is taken for stuck."""


class Killed(Exception):  # noqa: N818 — what happened to it
    """The process was killed on the way."""


class Broken(Exception):  # noqa: N818 — what happened to it
    """The process failed or hung; the message has its last words."""


def forked(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result; Killed when its process was killed, Broken when it failed, or did not end."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        result, printed = Path(folder, "result"), Path(folder, "printed")
        child = os.fork()
        if child == 0:
            _run(function, arguments, result, printed)
        deadline = time.monotonic() + SECONDS
        status = None
        while status is None:
            ended, status_now = os.waitpid(child, os.WNOHANG)
            if ended:
                status = status_now
            elif time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise Broken(f"it did not finish within {SECONDS} s:\n{_last(printed)}")
            else:
                time.sleep(0.02)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            raise Killed
        if os.WIFSIGNALED(status):
            raise Broken(f"it was ended by signal {os.WTERMSIG(status)}:\n{_last(printed)}")
        if not result.exists():
            raise Broken(_last(printed))
        return pickle.loads(result.read_bytes())  # noqa: S301 — written by our own child


def _last(printed: Path) -> str:
    return "\n".join(printed.read_text(errors="replace").splitlines()[-60:]) if printed.exists() else ""


def _run(function: Callable[..., Any], arguments: tuple[Any, ...], result: Path, printed: Path) -> None:
    """In the child, which ends here."""
    code = 1
    try:
        output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        made = pickle.dumps(function(*arguments))
        part = result.with_suffix(".part")
        part.write_bytes(made)
        part.rename(result)
        code = 0
    except BaseException:  # noqa: BLE001 — the parent shows it
        os.write(2, traceback.format_exc().encode())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
