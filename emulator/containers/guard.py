"""A program: stands between the emulator and one container, so that none outlives the emulator, not even after kill -9.

It is run by its path, isolated (`python -I -S guard.py`), and uses the standard library only. Arguments: a JSON list,
the command that ends the container when the emulator is gone (`[]` for none), then the container's own command.
Standard input is the line to the emulator: a byte asks the container to end (SIGTERM); its end, or a death of the
emulator, ends the container at once. The exit code is the container's as `docker run` gives it: 128 + n for signal n,
127 for a command that is not there, 126 for one that cannot be run.
"""

import ctypes
import json
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NOT_RUNNABLE, NOT_FOUND = 126, 127


def main(arguments: list[str]) -> int:
    """Run the container's command to its end; its exit code."""
    last, command = json.loads(arguments[0]), arguments[1:]
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        _become(system, command)
    with suppress(PermissionError):  # it has begun already, and did so itself
        os.setpgid(child, child)
    _attend(child)
    if last:
        _finish(last)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _end_orphans()
    return code if code >= 0 else 128 - code


def _become(system: ctypes.CDLL, command: list[str]) -> NoReturn:
    os.setpgid(0, 0)
    system.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    code = NOT_RUNNABLE
    try:
        os.execvp(command[0], command)  # noqa: S606 (no shell: this is what the container is)
    except FileNotFoundError as error:
        code, text = NOT_FOUND, error.strerror
    except (OSError, ValueError) as error:
        text = str(error)
    sys.stderr.write(f"exec: {command[0]!r} cannot be started: {text}\n")
    sys.stderr.flush()
    os._exit(code)


def _attend(child: int) -> None:
    """Until the container has ended, or must."""
    alive = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([alive, 0], [], [])
        if alive in ready:
            return
        if not os.read(0, 64):
            return
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGTERM)


def _finish(command: list[str]) -> None:
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    with suppress(OSError):
        os.waitpid(os.posix_spawnp(command[0], command, os.environ, file_actions=silent), 0)


def _end_orphans() -> None:
    """What left the container's group is this process's child now: it ends, too."""
    while orphans := [one for one in Path("/proc").glob("[0-9]*") if _parent(one) == os.getpid()]:
        for orphan in orphans:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(int(orphan.name), signal.SIGKILL)
                os.waitpid(int(orphan.name), 0)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
