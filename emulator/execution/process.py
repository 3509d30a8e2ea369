"""One user process: its own group, its log, its end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.execution.warm.warm_start import WarmStart

GRACE_SECONDS = 3.0
"""Between asking a process to end and ending it."""


class UserProcess:
    """Runs a command with its output appended to a log file; can be stopped from another thread.

    warm: starts what the command runs as `python`; without it, that is a fresh interpreter.
    """

    def __init__(self, warm: WarmStart | None = None) -> None:
        self._warm = warm
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def run(
        self,
        command: str | Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        log: Path,
        timeout: float | None = None,
    ) -> int:
        """Run to the end; the exit code. TimeoutError after `timeout` seconds; a stopped process gives a negative code.

        A text is a shell command, because Azure ML's commands are (`sh -c` in the container).
        """
        arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        environment = self._environment(command, variables)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            with self._lock:
                if self.stopped.is_set():
                    return -signal.SIGTERM
                self._process = subprocess.Popen(
                    arguments,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                return self._process.wait(timeout)
            except subprocess.TimeoutExpired as error:
                self.stop()
                raise TimeoutError(f"it ran longer than {timeout:g} seconds") from error
            finally:
                self._signal(signal.SIGKILL)  # whatever it left behind in its group
                if self._warm is not None:
                    self._warm.settle(self._process.pid)

    def _environment(self, command: str | Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
        environment = user_environment(variables)
        if self._warm is not None and "python" in command and "PATH" not in variables:
            programs = self._warm.programs(user_environment({}))
            if programs is not None:
                environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
        return environment

    def stop(self) -> None:
        """End the process and what it started."""
        self.stopped.set()
        with self._lock:
            process = self._process
        if process is None or process.poll() is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


def user_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with our Python first on the path and one thread a process unless asked otherwise."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AZURE_CLIENT_SECRET"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    defaults = {
        "OMP_NUM_THREADS": environment.get("OMP_NUM_THREADS", "1"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**environment, **defaults, "PATH": path, **variables}
