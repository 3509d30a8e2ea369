"""The emulator's end of a scoring worker: start it, hand it mini-batches, give up on one that hangs."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from emulator.execution.process import user_environment
from emulator.execution.warm.warm_process import WarmProcess
from emulator.execution.warm.warm_start import WarmStart

INIT_SECONDS = 300.0
POLL_SECONDS = 0.2
"""How soon a cancelled job's worker is ended."""
PROGRAM = Path(__file__).with_name("scoring_worker.py")


class WorkerError(Exception):
    """The worker did not answer: it hung, ended, or its init() failed."""


class BatchWorker:
    """One process that has the deployment's script loaded."""

    def __init__(
        self,
        script: Path,
        folder: Path,
        variables: Mapping[str, str],
        log: Path,
        cancelled: threading.Event,
        warm: WarmStart | None = None,
    ) -> None:
        self._cancelled = cancelled
        self._answers: queue.Queue[str | None] = queue.Queue()
        with log.open("ab") as output:
            environment = user_environment(variables)
            words = [str(PROGRAM), str(script)]
            started = warm and warm.process(words, folder, environment, output.fileno())
            self._process: subprocess.Popen[str] | WarmProcess = started or subprocess.Popen(
                [sys.executable, *words],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._answer(INIT_SECONDS).get("ready"):
            self.stop()
            raise WorkerError("init() failed")

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(None)

    def _answer(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._answers.get(timeout=POLL_SECONDS)
                break
            except queue.Empty as error:
                if self._cancelled.is_set() or time.monotonic() > deadline:
                    self.stop()
                    why = (
                        "the job was cancelled" if self._cancelled.is_set() else f"no answer within {seconds:g} seconds"
                    )
                    raise WorkerError(why) from error
        if line is None:
            self.stop()
            raise WorkerError("the worker process ended")
        document = json.loads(line)
        return document if isinstance(document, dict) else {}

    def run(self, files: Sequence[str], result: Path, seconds: float) -> int | None:
        """Rows that run() gave for a mini-batch; None when it raised. WorkerError when it hung or died."""
        if self._process.stdin is None:
            raise WorkerError("the worker has no input")
        try:
            self._process.stdin.write(json.dumps({"files": list(files), "result": str(result)}) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerError("the worker process ended") from error
        rows = self._answer(seconds).get("rows")
        return rows if isinstance(rows, int) else None

    def stop(self) -> None:
        """End the process and all that it started."""
        if isinstance(self._process, WarmProcess):
            self._process.end()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):  # what was not sent to an ended process
                self._process.stdin.close()
