"""One run of one container: a process behind a guard that ends it with the emulator."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from emulator.containers import guard
from emulator.containers.container_log import ContainerLog

CHUNK = 64 * 1024
LAST_LINES_SECONDS = 1.0
"""For what was printed last to be read."""


class GuardedProcess:
    """Started by being made; what it prints goes to the log. OSError when not even the guard can be started.

    last: the command that ends what the process leaves behind elsewhere, run once it has ended or must.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: ContainerLog,
        last: Sequence[str] = (),
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guard.__file__)), json.dumps(list(last)), *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
        self._pidfd = os.pidfd_open(self._process.pid)
        self._ended = select.poll()
        self._ended.register(self._pidfd, select.POLLIN)
        self._reader = threading.Thread(target=self._read, args=(log,), name="container log", daemon=True)
        self._reader.start()

    def wait(self, seconds: float | None) -> int | None:
        """The exit code as `docker run` gives it; None when it still runs after so many seconds (None: for ever)."""
        if not self._ended.poll(None if seconds is None else seconds * 1000):
            return None
        code = self._process.wait()
        self._reader.join(LAST_LINES_SECONDS)
        self.kill()
        os.close(self._pidfd)
        return code if code >= 0 else 128 - code

    def ask_to_end(self) -> None:
        """SIGTERM to the container."""
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 (asked for above)
            self._process.stdin.write(b"t")

    def kill(self) -> None:
        """End it now, whatever it does."""
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 (asked for above)
            self._process.stdin.close()

    def _read(self, log: ContainerLog) -> None:
        assert self._process.stdout is not None  # noqa: S101 (asked for above)
        with self._process.stdout as stream:
            while chunk := stream.read(CHUNK):
                log.add(chunk)
        log.end_line()
