"""A program: has imported what user code commonly needs, and becomes a job's process whenever one is asked for.

It is run by its path. Standard input is the line to the emulator: its end is the parent's. Standard output is what it
tells the emulator, a JSON document a line. Arguments: the number of the listening socket, the private folder, and the
names of variables that are set for the parent alone.
"""

import fcntl
import json
import os
import select
import shutil
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

_ROOT = __file__.rpartition("/emulator/")[0]
sys.path[0] = _ROOT  # the folder of this file would give its names to everybody
from emulator.execution.warm import fresh, running  # noqa: E402
from emulator.execution.warm.environment import fixed  # noqa: E402
from emulator.execution.warm.installed import installed, stamps  # noqa: E402
from emulator.execution.warm.keeper import keep  # noqa: E402
from emulator.execution.warm.message import receive, send  # noqa: E402
from emulator.execution.warm.namesakes import reason_to_start_cold  # noqa: E402
from emulator.execution.warm.preload import preload, settle, threads  # noqa: E402
from emulator.execution.warm.request import ColdError, Request  # noqa: E402
from emulator.execution.warm.standing import standing  # noqa: E402

del sys.path[0]
_WORKERS = str(Path(__file__).resolve().parents[1])
HEAR_SECONDS = 5.0


class Parent:
    """Serves until the emulator is gone."""

    def __init__(self, listening: int, folder: str, own: list[str]) -> None:
        self._arguments = [str(listening), folder, *own]
        self._environment = dict(os.environ)
        variables = {name: value for name, value in os.environ.items() if name not in own}
        self._listening = socket.socket(fileno=listening)
        self._folder = folder
        self._path = list(sys.path)
        before = os.listdir("/proc/self/fd")  # noqa: PTH208
        self._taken, names = preload()
        self._names = names
        self._fixed = fixed(variables, names)
        self._standing = standing()
        del self._standing["Umask"]
        self._installed = installed()
        self._stamps = stamps(self._installed)
        self._keepers: dict[int, int] = {}
        self._left_open = len(os.listdir("/proc/self/fd")) > len(before)  # noqa: PTH208
        running.keep_modules()
        settle()

    def unfit(self) -> str:
        """Why nothing can be started from here; empty when it can."""
        if (count := threads()) != 1:
            return f"what was imported has started {count - 1} threads, which a copy of the process would not have"
        if self._left_open:
            return "what was imported keeps files open, which jobs would share"
        return ""

    def serve(self) -> Request | None:
        """A request: this process is its own now. None: the emulator has gone."""
        watched = select.poll()
        watched.register(0, select.POLLIN)
        watched.register(self._listening, select.POLLIN)
        while True:
            for number, _ in watched.poll():
                if number == 0:
                    return None
                if number == self._listening.fileno():
                    started = self._hear(watched)
                    if started is not None:
                        fresh.take_on(*started, self._path)
                        return started[0]
                else:
                    watched.unregister(number)
                    os.close(number)
                    keeper = self._keepers.pop(number)
                    os.waitpid(keeper, 0)
                    self._lock_of(keeper).unlink(missing_ok=True)

    def _hear(self, watched: select.poll) -> tuple[Request, list[int]] | None:
        """In the parent None, in a new process what it is to run and the files that it is to have."""
        files: list[int] = []
        try:
            line, _ = self._listening.accept()
        except OSError:
            return None  # who asked has gone already
        try:
            line.settimeout(HEAR_SECONDS)
            if _user(line) != os.getuid():
                return None
            document, files = receive(line, 4)
            request = self._begin(line, document, files, watched)
            if request is not None:
                given, files = files, []
                line.detach()  # its number will be another file's
                return request, given
        except ColdError as reason:
            with suppress(OSError):
                send(line, {"cold": str(reason)})
            tell({"cold": str(reason)})
        except (OSError, EOFError, LookupError, TypeError, ValueError) as error:
            tell({"cold": f"what was asked could not be read: {error}"})
        finally:
            line.close()
            for file in files:
                with suppress(OSError):
                    os.close(file)
        return None

    def _begin(
        self, line: socket.socket, document: dict[str, object], files: list[int], watched: select.poll
    ) -> Request | None:
        if len(files) != 4:
            raise ColdError("a stream is closed")
        if stamps(self._installed) != self._stamps:
            with suppress(OSError):
                send(line, {"cold": "the interpreter or its packages have changed"})
            line.close()
            self._start_anew()
        request = Request.of(document)
        self._compare(request)
        folders = request.folders(os.readlink(f"/proc/self/fd/{files[3]}")) - {_WORKERS}  # noqa: PTH115
        if reason := reason_to_start_cold(folders, self._taken):
            raise ColdError(reason)
        leader = self._outermost(request.leader)
        lock = os.open(self._lock_of(leader), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)  # as long as the keeper has it open
        keeper = os.fork()
        if keeper == 0:
            self._listening.detach()
            try:
                keep(line, leader, files, lock, running.system)
            except BaseException:  # noqa: BLE001 (whatever it is, this process is not to serve)
                os._exit(1)
            return request
        os.close(lock)
        number = os.pidfd_open(keeper)
        self._keepers[number] = keeper
        watched.register(number, select.POLLIN)
        tell({"warm": keeper})
        return None

    def _lock_of(self, leader: int) -> Path:
        """What is locked as long as anything runs warm in a job: the emulator waits for it, and removes it."""
        return Path(self._folder, "jobs", str(leader))

    def _compare(self, request: Request) -> None:
        own, asked_for = Path(sys.executable), Path(request.executable)
        if own.parent != asked_for.parent or not asked_for.exists() or not asked_for.samefile(own):
            raise ColdError(f"{request.executable} is another interpreter")
        asked = fixed(request.variables, self._names)
        for name in sorted(asked.keys() | self._fixed.keys()):
            if asked.get(name) != self._fixed.get(name):
                raise ColdError(f"{name} is read before user code begins, and differs")
        for name in sorted(request.standing.keys() | self._standing.keys()):
            if request.standing.get(name) != self._standing.get(name):
                raise ColdError(f"the process has another {name}")

    def _outermost(self, leader: int) -> int:
        """Of code that was started by code which runs warm: the keeper of the latter, which ends with its job."""
        with suppress(OSError, ValueError, IndexError):
            above = int(Path(f"/proc/{leader}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            if above in self._keepers.values():
                return above
        return leader

    def _start_anew(self) -> None:
        tell({"anew": True})
        os.set_inheritable(self._listening.fileno(), True)
        os.dup2(_TOLD, 1)
        words = [sys.executable, os.path.abspath(__file__), *self._arguments]  # noqa: PTH100 (costs nothing here)
        os.execve(sys.executable, words, self._environment)  # noqa: S606 (no shell: its own program again)


def _user(line: socket.socket) -> int:
    _, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)


def tell(document: dict[str, object]) -> None:
    """The emulator; when it is gone, its line tells so."""
    with suppress(OSError):
        os.write(_TOLD, json.dumps(document).encode() + b"\n")


if __name__ == "__main__":
    _TOLD = os.dup(1)
    os.dup2(2, 1)  # whatever an import prints
    _parent = Parent(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    if _reason := _parent.unfit():
        tell({"unfit": _reason})
        os._exit(0)
    tell({"serving": len(sys.modules)})
    _request = _parent.serve()
    if _request is None:
        shutil.rmtree(sys.argv[2], ignore_errors=True)
        os._exit(0)
    running.run(_request)
