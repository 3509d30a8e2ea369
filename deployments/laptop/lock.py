"""One Signalbox a folder: a lock while it runs, and a record of what it started for the case that it is killed."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from deployments.laptop.processes import StartError


@dataclass(frozen=True)
class Running:
    """The Signalbox that works in a folder, and where its servers answer."""

    pid: int
    api_port: int
    emulator_port: int


def running_in(home: Path) -> Running | None:
    """Who holds the folder, with all that it started alive; None where nobody does, or one is only starting."""
    try:
        with (home / "running.json").open("r+") as file:
            record = _parsed(file.read())
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return None  # the lock ends with the process that holds it
    except OSError:
        return None
    children = record.get("children", {})
    if not {"emulator", "prefect-server"} <= children.keys() or not all(map(_still_runs, children.values())):
        return None
    api, emulator = (urlsplit(str(record.get(name, ""))).port for name in ("ui", "emulator"))
    return Running(record["pid"], api, emulator) if api is not None and emulator is not None else None


class FolderLock:
    """Taken by whoever starts processes that work with a folder. The lock ends with the process that holds it."""

    def __init__(self, home: Path) -> None:
        self._path = home / "running.json"
        self._file: TextIO | None = None
        self._ui = self._emulator = ""

    def take(self, ui: str, emulator: str = "") -> None:
        """Where its servers will answer. StartError when another Signalbox works here, or when one that was killed left processes behind."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        file.seek(0)
        try:
            record = _parsed(file.read())
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StartError(_already_running(self._path.parent, record)) from None
            left = {name: child["pid"] for name, child in record.get("children", {}).items() if _still_runs(child)}
            if left:
                raise StartError(_left_behind(left))
        except BaseException:
            file.close()
            raise
        self._file, self._ui, self._emulator = file, ui, emulator
        self.note({})

    def note(self, children: Mapping[str, int]) -> None:
        """Keep who was started so far: names and process ids."""
        if self._file is None:
            return
        record = {
            "pid": os.getpid(),
            "ui": self._ui,
            "emulator": self._emulator,
            "children": {name: {"pid": pid, "born": _born(pid)} for name, pid in children.items()},
        }
        self._file.seek(0)
        self._file.truncate()
        json.dump(record, self._file)
        self._file.flush()

    def release(self) -> None:
        """Give the folder back; nothing happens when it was not taken."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None


def _parsed(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except ValueError:  # nothing ran here, or it was killed while it wrote
        return {}
    return record if isinstance(record, dict) else {}


def _already_running(home: Path, record: Mapping[str, Any]) -> str:
    if "pid" not in record:
        return f"Signalbox is already starting or running in {home}. Look for it in another terminal, or try again."
    return (
        f"Signalbox is already running in {home}: process {record['pid']}, UI at {record['ui']}. "
        f"Use it, or end it with Ctrl-C in its terminal or `kill {record['pid']}`; another --home starts a second one."
    )


def _left_behind(left: Mapping[str, int]) -> str:
    names = ", ".join(f"{name} (process {pid})" for name, pid in left.items())
    groups = " ".join(f"-{pid}" for pid in left.values())
    return (
        f"a Signalbox that was killed left these running: {names}. End them with `kill -- {groups}`, then start again."
    )


def _still_runs(child: Mapping[str, Any]) -> bool:
    born = _born(child["pid"])
    return born is not None and born == child["born"]


def _born(pid: int) -> str | None:
    """When a process started, in the system's own words: tells it from a later one with the same id. None: it ended.

    What psutil says of it changes when the clock is set.
    """
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]  # columns 3 and 22 of proc(5)
    ps = shutil.which("ps")
    if ps is None:
        return None
    shown = subprocess.run([ps, "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None
