"""The interpreter and the packages that the parent has loaded, so that a change of them is seen."""

import os
import sys

Stamp = tuple[int, int, int] | None


def stamps(paths: list[str]) -> list[Stamp]:
    """Of each file or folder: its inode, size and time; None when it is not there."""
    found: list[Stamp] = []
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 (a hot loop)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def installed() -> list[str]:
    """What decides what is loaded: the interpreter, its settings, the folders of packages, the files of modules."""
    executable = os.path.realpath(sys.executable)
    settings = os.path.join(sys.prefix, "pyvenv.cfg")  # noqa: PTH118
    files = {
        file for module in list(sys.modules.values()) if isinstance(file := getattr(module, "__file__", None), str)
    }
    return [sys.executable, executable, settings, *sys.path, *sorted(files)]
