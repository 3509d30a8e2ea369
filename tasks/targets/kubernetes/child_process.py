"""Programs that end when whoever started them does, also when that is killed: no port stays open, and nobody goes on unseen.

As a program itself it ties itself and becomes the other one, so it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PARENT_DEATH_SIGNAL = 1
"""Of Linux's prctl; it is kept when another program is executed. Elsewhere programs end by themselves."""


def child_command(program: Path, *words: str) -> list[str]:
    """The command for it. words: the first is what it is called."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(program), *words]


def main() -> None:
    """Become the program."""
    starter, program, *words = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != int(starter):
            sys.exit("the process that started it is gone")
    os.execv(program, words)  # noqa: S606 — it is what was asked for


if __name__ == "__main__":
    main()
