"""The emulator's end of the parent: has one running while there are jobs, and says when there is none."""

import errno
import fcntl
import json
import logging
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.execution.warm.client import ColdError
from emulator.execution.warm.warm_process import WarmProcess

SETTING = "EMULATOR_WARM_START"
"""The environment variable: `off` starts everything in an interpreter of its own."""
PROGRAM = Path(__file__).with_name("parent.py")
CLIENT = "emulator.execution.warm.client"
ROOT = Path(__file__).parents[__name__.count(".")]
"""The folder that has the package."""
OWN = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""What the parent alone has: a second allocator of pyarrow's, which nothing uses, would start a thread at once."""
END_SECONDS = 5.0
SETTLE_SECONDS = 5.0
MOST_FAILURES = 3
LONGEST_INTERPRETER = 100
"""Characters in a program's first line: every kernel reads 127 of them."""

logger = logging.getLogger(__name__)


class WarmStart:
    """Starts one parent when it is first needed. wanted: the setting; the environment and other systems than Linux say no, too."""

    def __init__(self, wanted: bool = True) -> None:
        self._on = wanted and os.environ.get(SETTING, "").lower() != "off" and sys.platform == "linux"
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._listening: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._failures = 0
        self.started = 0
        """Jobs' processes that began warm."""
        self.cold: deque[str] = deque(maxlen=100)
        """Why the last ones that asked did not."""

    @property
    def parent(self) -> int | None:
        """The parent's process, when there is one."""
        process = self._process
        return None if process is None else process.pid

    def programs(self, environment: Mapping[str, str]) -> Path | None:
        """A folder with `python` and `python3` that start warm, for a job's PATH; None when all start cold.

        environment: what a job has; the parent is started with it.
        """
        with self._lock:
            if not self._on:
                return None
            try:
                if self._folder is None:
                    self._open()
                if self._process is None:
                    self._start(environment)
            except OSError as error:
                self._decline(f"it cannot be started: {error}")
                return None
            return None if self._folder is None else self._folder / "bin"

    def process(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], errors: int
    ) -> WarmProcess | None:
        """A Python program of the emulator's own, warm; None when it has to be started cold. errors: the file of its stderr."""
        programs = self.programs(environment)
        if programs is None:
            return None
        try:
            return WarmProcess(programs.parent / "socket", words, folder, environment, errors)
        except ColdError:
            return None

    def settle(self, leader: int) -> None:
        """Wait until what ran warm in the session of this process, which has ended, has ended, too."""
        folder = self._folder
        if folder is None:
            return
        file = folder / "jobs" / str(leader)
        try:
            held = os.open(file, os.O_RDWR)
        except OSError:
            return  # nothing ran warm
        deadline = time.monotonic() + SETTLE_SECONDS
        try:
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if error.errno != errno.EWOULDBLOCK:
                        raise
                    time.sleep(0.005)
        finally:
            os.close(held)
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """End the parent and remove its folder; jobs have ended before."""
        with self._lock:
            self._on = False
            process, self._process = self._process, None
            self._shut()
            readers = list(self._readers)
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for reader in readers:
            reader.join()

    def _open(self) -> None:
        short = None if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108 (a socket's path has 108 bytes; the folder is private)
        folder = Path(tempfile.mkdtemp(prefix="emulator-", dir=short))
        (folder / "jobs").mkdir()
        (folder / "bin").mkdir()
        for name in ("python", "python3"):
            _write_program(folder, name, sys.executable)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / "socket"))
        self._listening.listen(512)
        self._folder = folder

    def _start(self, environment: Mapping[str, str]) -> None:
        if self._listening is None or self._folder is None:
            return
        own = {name: value for name, value in OWN.items() if name not in environment}
        number = self._listening.fileno()
        self._environment = dict(environment)
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(number), str(self._folder), *own],
            cwd=self._folder,
            env={**environment, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(number,),
            start_new_session=True,
        )
        reader = threading.Thread(target=self._listen, args=(self._process,), name="warm start", daemon=True)
        self._readers = [one for one in self._readers if one.is_alive()] + [reader]
        reader.start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None or process.stdin is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._hear(json.loads(line))
        code = process.wait()
        process.stdin.close()
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._decline(
                    f"it has ended {self._failures} times (the last time with code {code}) before it served a job"
                )
                return
            logger.warning("the process that starts user code warm ended with code %d; another one is started", code)
            try:
                self._start(self._environment)
            except OSError as error:
                self._decline(f"it cannot be started: {error}")

    def _hear(self, document: dict[str, object]) -> None:
        if "warm" in document:
            self.started += 1
            self._failures = 0
        elif "cold" in document:
            self.cold.append(str(document["cold"]))
            logger.info("started cold: %s", document["cold"])
        elif "anew" in document:
            logger.info("the interpreter or its packages have changed: what starts user code warm imports them anew")
        elif "unfit" in document:
            with self._lock:
                self._decline(str(document["unfit"]))

    def _decline(self, reason: str) -> None:
        """From now on all start cold. The lock is held."""
        if self._on:
            logger.warning("user code starts cold, which costs each job its imports: %s", reason)
        self._on = False
        self._process = None
        self._shut()

    def _shut(self) -> None:
        """Whoever asks now starts cold at once."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._folder is not None:
            (self._folder / "socket").unlink(missing_ok=True)
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _write_program(folder: Path, name: str, executable: str) -> None:
    """A program that asks the parent. Its first line names the interpreter, because a shell would add to the environment."""
    program = folder / "bin" / name
    lines = (
        "import sys",
        f"sys.path.insert(0, {str(ROOT)!r})",
        f"from {CLIENT} import main",
        f"main({executable!r}, {str(folder / 'socket')!r}, {name!r}, sys.argv[1:])",
        "",
    )
    content = "\n".join(lines)
    if len(executable) <= LONGEST_INTERPRETER and not any(letter.isspace() for letter in executable):
        program.write_text(f"#!{executable} -IS\n{content}")
    else:
        source = folder / f"{name}.py"
        source.write_text(content)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(executable)} -IS {shlex.quote(str(source))} "$@"\n')
    program.chmod(0o700)
