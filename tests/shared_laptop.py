"""One laptop for a whole test run: its owner starts it when a worker first asks, and every worker uses it.

The owner is the process that pytest was started as: xdist's controller, or the only one. What crosses between processes are
files of the run's folder.
"""

import fcntl
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import free_port

START_SECONDS = 240
"""The machine may be busy, and pytest's own limit for a test is longer."""
POLL_SECONDS = 0.1
LOGS = Path(__file__).parents[1] / ".signalbox" / "logs-of-tests"
"""What the emulator and the server of the newest run printed."""


class ForgetfulLaptop(Laptop):
    """Its server keeps everything in memory: SQLite's file refuses whoever writes while another does, and tests write all at once."""

    def server_environment(self) -> dict[str, str]:
        return super().server_environment() | {"PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///:memory:"}


class LaptopOwner:
    """Starts the laptop once somebody wants it, and stops it on the way out."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="signalbox-tests-"))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="shared laptop")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if (self.folder / "laptop" / "logs").exists():
            shutil.copytree(self.folder / "laptop" / "logs", LOGS, dirs_exist_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self) -> None:
        while not _wanted(self.folder).exists():
            if self._end.wait(POLL_SECONDS):
                return
        try:
            with ForgetfulLaptop(self.folder / "laptop", free_port(), free_port()) as laptop:
                self._say({"ports": [laptop.api_port, laptop.emulator_port]})
                self._end.wait()
        except Exception as error:  # noqa: BLE001 (whoever waits for the laptop raises it)
            self._say({"error": str(error)})

    def _say(self, document: dict[str, Any]) -> None:
        written = self.folder / "writing"
        written.write_text(json.dumps(document))
        written.rename(_said(self.folder))


def want_laptop(folder: Path) -> None:
    """Have it started: it takes a while, and the first tests need none."""
    _wanted(folder).touch()


def shared_laptop(folder: Path) -> Laptop:
    """The run's laptop, ready and not owned here: to stop it undoes `apply`, and stops nothing."""
    want_laptop(folder)
    deadline = time.monotonic() + START_SECONDS
    while not _said(folder).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the emulator and the Prefect server of this run did not start in {START_SECONDS} s")
        time.sleep(POLL_SECONDS)
    said = json.loads(_said(folder).read_text())
    if "error" in said:
        raise RuntimeError(f"the emulator and the Prefect server of this run did not start: {said['error']}")
    return Laptop(folder / "laptop", *said["ports"])


@contextmanager
def once(folder: Path, what: str) -> Iterator[bool]:
    """Whether this is the first of all workers that does it; the others wait until it is done."""
    done = folder / f"{what}.done"
    with (folder / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        first = not done.exists()
        yield first
        done.touch()


def forget_clients() -> None:
    """Drop what the product keeps of Azure: clients and tokens belong to one emulator."""
    for module in [one for name, one in sys.modules.items() if name.startswith(("blocks.", "tasks."))]:
        for kept in _caches(module):
            kept.cache_clear()


def _caches(module: ModuleType) -> list[Any]:
    return [value for value in vars(module).values() if hasattr(value, "cache_clear")]


def _wanted(folder: Path) -> Path:
    return folder / "wanted"


def _said(folder: Path) -> Path:
    return folder / "laptop.json"
