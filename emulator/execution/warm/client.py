"""Asks the parent to start user code; as a program, it is what a job finds as `python`.

It is run isolated (`-I -S`) and imports only what costs nothing: every command of every job waits for it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` itself costs 10 ms of imports; it has no stub
import _socket
import fcntl
import os
import select
import sys

from emulator.execution.warm.message import receive, send
from emulator.execution.warm.standing import standing

TYPE_CHECKING = False  # `typing` itself costs 20 ms of imports
if TYPE_CHECKING:
    from typing import NoReturn

ANSWER_SECONDS = 15.0
"""How long a job waits for the parent before it starts an interpreter of its own: longer than the parent's imports take."""
RELAYED = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGCONT", "SIGWINCH")


class ColdError(Exception):
    """Nothing was started, and nothing will be; the text says why."""


def ask(
    socket_path: str,
    words: list[str],
    variables: dict[bytes, bytes],
    files: list[int],
    leader: int,
    python: str = "python",
    executable: str = sys.executable,
    ignored: tuple[int, ...] = (),
    blocked: tuple[int, ...] = (),
) -> tuple[_socket.socket, int]:
    """The line to the job's keeper, and the job's process. ColdError: it has to be started otherwise.

    files: streams 0, 1, 2 and the working folder. leader: the process with whose end the job is over; 0: closing the line.
    """
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        line.settimeout(ANSWER_SECONDS)
        line.connect(socket_path)
        document = {
            "python": os.fsencode(python),
            "executable": os.fsencode(executable),
            "words": [os.fsencode(word) for word in words],
            "variables": [name + b"=" + value for name, value in variables.items()],
            "standing": standing(),
            "ignored": ignored,
            "blocked": blocked,
            "leader": leader,
        }
        send(line, document, files)
        answer, _ = receive(line)
    except (OSError, EOFError) as error:
        line.close()
        raise ColdError(f"the parent does not answer: {error}") from error
    if "ready" not in answer:
        line.close()
        raise ColdError(str(answer.get("cold")))
    line.settimeout(None)
    try:
        send(line, {"go": True})
        started, _ = receive(line)
    except (OSError, EOFError) as error:
        line.close()
        raise LostError(str(error)) from error
    return line, int(started["pid"])


class LostError(Exception):
    """It may have been started, and its end will not be heard."""


def main(python: str, socket_path: str, name: str, words: list[str]) -> NoReturn:
    """Be `python`: this process ends as the job's does."""
    relayed = {getattr(_signal, one) for one in RELAYED}
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, relayed | {_signal.SIGIO})
    try:
        executable, variables = _meant(python, socket_path, name)
        line, child = _asked(socket_path, name, executable, words, before)
    except ColdError:
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # as they were before this interpreter began
            _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        try:
            os.execve(executable, [name, *words], variables)  # noqa: S606 (no shell: these are the words that were given)
        except OSError as error:
            os.write(2, f"{executable} cannot be started: {error.strerror}\n".encode())
            os._exit(126)
    except LostError:
        _lost()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # else a reader would not see that the job has closed it
    _end(_relay(line, child, relayed), before)


def _meant(python: str, socket_path: str, name: str) -> tuple[str, dict[bytes, bytes]]:
    """The interpreter that `name` means without this program, and the environment that leads there.

    An interpreter finds itself by the PATH, and so it must not find this program.
    """
    variables = dict(os.environb)
    own = os.fsencode(socket_path.rpartition("/")[0]) + b"/bin"
    places = [place for place in variables.get(b"PATH", b"").split(b":") if place != own]
    for place in places:
        found = (place or b".") + b"/" + os.fsencode(name)
        if os.access(found, os.X_OK) and not os.path.isdir(found):  # noqa: PTH112 (pathlib costs 5 ms)
            variables[b"PATH"] = b":".join(places)
            return os.fsdecode(found), variables
    return python, variables


def _asked(
    socket_path: str, name: str, executable: str, words: list[str], before: set[int]
) -> tuple[_socket.socket, int]:
    if not words or (words[0].startswith("-") and words[0] not in ("-u", "-m")):
        raise ColdError("there is no script")
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError as error:
            raise ColdError("a stream is closed") from error
    if any(int(one) > 2 and _open(int(one)) for one in os.listdir("/proc/self/fd")):  # noqa: PTH208
        raise ColdError("more files than the three streams are open")
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        os.getcwd()  # noqa: PTH109
    except OSError as error:
        raise ColdError("the working folder is gone") from error
    ignored = tuple(
        number
        for number in _signal.valid_signals()
        if number not in (_signal.SIGPIPE, _signal.SIGXFSZ) and _signal.getsignal(number) == _signal.SIG_IGN
    )
    try:
        variables = dict(os.environb)
        return ask(
            socket_path,
            words,
            variables,
            [0, 1, 2, folder],
            os.getsid(0),
            python=name,
            executable=executable,
            ignored=ignored,
            blocked=tuple(int(number) for number in before),
        )
    finally:
        os.close(folder)


def _open(number: int) -> bool:
    """Open, and not only for as long as `listdir` read its folder."""
    try:
        return not fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError:
        return False


def _relay(line: _socket.socket, child: int, relayed: set[int]) -> int:
    """Pass signals on until it has ended; its exit code."""
    fcntl.fcntl(line.fileno(), fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(line.fileno(), fcntl.F_SETFL, fcntl.fcntl(line.fileno(), fcntl.F_GETFL) | os.O_ASYNC)
    spoken = select.poll()
    spoken.register(line.fileno(), select.POLLIN)
    while not spoken.poll(0):
        told = _signal.sigwaitinfo(relayed | {_signal.SIGIO})
        if told.si_signo == _signal.SIGIO:
            continue
        try:
            if _meant_for_all(told.si_pid):
                os.killpg(child, told.si_signo)
            else:
                os.kill(child, told.si_signo)
        except ProcessLookupError:
            continue  # it has ended, which the line will tell
    try:
        return int(receive(line)[0]["code"])
    except EOFError:
        _lost()


def _meant_for_all(sender: int) -> bool:
    """Whether a signal went to this process's group, whose members the job's children would be.

    The emulator, outside of the session, and `timeout` speak to groups; a shell and other code to one process.
    """
    try:
        if os.getsid(sender) != os.getsid(0):
            return True
        with open(f"/proc/{sender}/comm", "rb") as name:  # noqa: PTH123 (pathlib costs 5 ms)
            return sender == os.getpgrp() and name.read() == b"timeout\n"
    except OSError:
        return False


def _lost() -> NoReturn:
    if not _job_is_over():
        os.write(2, b"The process that kept this job's was ended; the job's was ended with it.\n")
    os._exit(1)


def _job_is_over() -> bool:
    """Whether the process that leads the session has ended: what it has left behind ends then, as it should."""
    try:
        with open(f"/proc/{os.getsid(0)}/stat", errors="replace") as stat:  # noqa: PTH123 (pathlib costs 5 ms)
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _end(code: int, before: set[int]) -> NoReturn:
    if code >= 0:
        os._exit(code)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code not in (_signal.SIGKILL, _signal.SIGSTOP):
        _signal.signal(-code, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before - {-code})
    os.kill(os.getpid(), -code)
    os._exit(128 - code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
