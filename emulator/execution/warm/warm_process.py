"""A process that the parent started for the emulator itself."""

import _socket
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from emulator.execution.warm.client import ask
from emulator.execution.warm.message import receive


class WarmProcess:
    """Runs a Python program, with text for its input and output. ColdError: it has to be started otherwise."""

    def __init__(
        self, socket_path: Path, words: Sequence[str], folder: Path, variables: Mapping[str, str], errors: int
    ) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        encoded = {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}
        try:
            files = [theirs_in, theirs_out, errors, place]
            self._line: _socket.socket | None
            self._line, self.pid = ask(str(socket_path), list(words), encoded, files, 0, python=sys.executable)
        except BaseException:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            for file in (theirs_in, theirs_out, place):
                os.close(file)
        self.stdin = os.fdopen(ours_out, "w")
        self.stdout = os.fdopen(ours_in)

    def end(self) -> None:
        """End it and all that it started, and wait until that is done."""
        if self._line is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(EOFError):
            receive(self._line)
        self._line.close()
        self._line = None
