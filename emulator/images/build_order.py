"""What is to be built, with what it may use meanwhile; and what came of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emulator.execution.process import UserProcess
from emulator.images.build_failure import BuildCanceledError, BuildFailedError, BuildTimeoutError
from emulator.images.dockerfile import MOST_BYTES
from emulator.images.image_config import Documents


@dataclass(frozen=True)
class Built:
    """A finished image that has no name yet. root: its tree; None where the Docker engine has it, tagged as in_engine."""

    documents: Documents
    runtime: Literal["process", "docker"]
    root: Path | None = None
    in_engine: str = ""


@dataclass(frozen=True)
class BuildOrder:
    """One build. context: unpacked. dockerfile: a path in it. deadline: monotonic seconds, `seconds` after the start."""

    context: Path
    dockerfile: str
    arguments: Mapping[str, str]
    target: str
    seconds: float
    deadline: float
    process: UserProcess
    log: Path

    def write(self, text: str) -> None:
        """Add lines to the log."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(text.rstrip("\n") + "\n")

    def dockerfile_text(self) -> str:
        """BuildFailedError when there is no such file in the context, or it is no text."""
        file = (self.context / self.dockerfile).resolve()
        if not file.is_relative_to(self.context.resolve()) or not file.is_file():
            raise BuildFailedError(
                f"unable to prepare context: there is no Dockerfile '{self.dockerfile}' in the source; dockerFilePath is "
                "relative to the top of the archive"
            )
        if file.stat().st_size > MOST_BYTES:
            raise BuildFailedError(f"the Dockerfile is larger than {MOST_BYTES // 1024} KiB")
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BuildFailedError(f"the Dockerfile is not UTF-8: {error}") from error

    def run(self, command: str | Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
        """Run a command with its output in the log; the exit code. The build's errors when it is cancelled or too long."""
        left = self.deadline - time.monotonic()
        late = BuildTimeoutError(f"the build was ended: it took longer than its {self.seconds:g} seconds")
        if left <= 0:
            raise late
        try:
            code = self.process.run(command, folder, variables, self.log, left)
        except TimeoutError as error:
            raise late from error
        except OSError as error:
            raise BuildFailedError(f"it cannot be started: {error}") from error
        self.check()
        return code

    def check(self) -> None:
        """BuildCanceledError once somebody cancelled it."""
        if self.process.stopped.is_set():
            raise BuildCanceledError("the build was cancelled")
