"""User code that brings what the parent has already: it must get its own, so it starts in an interpreter of its own."""

import os
import re
import stat
from collections.abc import Collection, Iterable

from emulator.execution.warm.environment import AT_LOAD

MOST_ENTRIES = 10_000
MOST_BYTES = 4_000_000
"""Of source that is read; what is more than that starts cold."""
MODULES = (".py", ".pyc", ".so")
ARCHIVES = (".zip", ".whl", ".egg")
SETTING = re.compile(rb"\b(?:%s)\w*|\w*_NUM_THREADS" % b"|".join(prefix.encode() for prefix in AT_LOAD))
GROUP = re.compile(rb"\b(?:setsid|setpgrp|setpgid|killpg)\b|\bkill\(\s*0\b")
"""What makes or meets a process group: a job that starts warm leads one already."""


def reason_to_start_cold(folders: Iterable[str], taken: Collection[str]) -> str:
    """Why code with these folders cannot start warm; empty when it can. taken: names of modules that are there already.

    A module counts wherever in the tree it is, because code may put any folder on its path.
    """
    waiting, seen, entries, read = list(folders), set(), 0, 0
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116 (a hot loop)
            if not stat.S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            content = list(os.scandir(folder))
        except OSError as error:
            return f"{folder} cannot be read: {error.strerror}"
        entries += len(content)
        if entries > MOST_ENTRIES:
            return f"more than {MOST_ENTRIES} files are beside the code"
        names = {entry.name for entry in content}
        if any(name.split(".")[0] == "__init__" and name.endswith(MODULES) for name in names):
            name = os.path.basename(folder)  # noqa: PTH119
            if name in taken:
                return f"{folder} is a package of a name that is loaded already"
        for entry in content:
            if entry.name.endswith(ARCHIVES):
                return f"{entry.path} may have modules in it"
            if entry.name.endswith(MODULES) and entry.name.split(".")[0] in taken:
                return f"{entry.path} is a module of a name that is loaded already"
            if entry.is_dir():
                if entry.name != "__pycache__":
                    waiting.append(entry.path)
            elif entry.name.endswith(".py") and entry.is_file():
                try:
                    with open(entry.path, "rb") as stream:  # noqa: PTH123
                        source = stream.read(MOST_BYTES + 1)
                except OSError as error:
                    return f"{entry.path} cannot be read: {error.strerror}"
                read += len(source)
                if read > MOST_BYTES:
                    return "much source is beside the code"
                if found := SETTING.search(source):
                    return f"{entry.path} names {found[0].decode()}, which libraries read as they are loaded"
                if found := GROUP.search(source):
                    return f"{entry.path} names {found[0].decode()}, and a job that starts warm leads a process group already"
    return ""
