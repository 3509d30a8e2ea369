"""The process between the parent and one job's: it tells the job's end, and ends what the job has left behind."""

import ctypes
import os
import select
import signal
import socket
from contextlib import suppress

from emulator.execution.warm.message import receive, send

PR_SET_PDEATHSIG = 1
GO_SECONDS = 60.0


def keep(line: socket.socket, leader: int, files: list[int], lock: int, system: ctypes.CDLL) -> None:
    """Until the job is over; returns in a new process, the job's own, and never in this one.

    leader: the process with whose end the job is over; 0: it is over when the line is closed. lock: a file that stays
    locked as long as this process lives.
    """
    os.setsid()
    _close_all_but({line.fileno(), lock, *files})
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    line.settimeout(GO_SECONDS)
    try:
        over = os.pidfd_open(leader) if leader else -1
        send(line, {"ready": True})
        receive(line)
    except (OSError, EOFError):
        os._exit(0)  # who asked has gone, and so nothing begins
    line.settimeout(None)
    own = os.getpid()
    child = os.fork()
    if child == 0:
        os.setsid()
        system.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != own:
            os._exit(1)
        return
    try:
        _close_all_but({line.fileno(), lock, over, 0, 1, 2})
        _attend(line, child, over)
    finally:
        _end(child)
        os._exit(0)


def _close_all_but(kept: set[int]) -> None:
    """A stream that this process held open would not end for its reader."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) not in kept:
            with suppress(OSError):  # the one with which the folder was read
                os.close(int(name))


def _attend(line: socket.socket, child: int, over: int) -> None:
    alive = os.pidfd_open(child)
    watched = select.poll()
    for one in (alive, line.fileno(), over):
        if one >= 0:
            watched.register(one, select.POLLIN)
    with suppress(OSError):  # who asked has gone: the poll tells
        send(line, {"pid": child})
    heard = True
    while True:
        ready = {one for one, _ in watched.poll()}
        if over in ready:
            return
        gone = line.fileno() in ready
        if gone and over < 0:
            return
        if alive in ready:
            watched.unregister(alive)
            with suppress(OSError):
                send(line, {"code": _code(child)})
        elif gone:
            os.kill(child, signal.SIGKILL)
        if heard and over >= 0 and (gone or alive in ready):
            watched.unregister(line)
            heard = False


def _code(child: int) -> int:
    """Its exit code, or the signal that ended it as a negative number. It stays a zombie: its group's number is not given away."""
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    if ended is None:
        return 1
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _end(child: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
