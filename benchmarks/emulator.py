"""The emulator's speed: requests a second and milliseconds, against a bare uvicorn application in the same run.

Run: `python -m benchmarks.emulator [requests]`. One client, one connection that is kept, requests one after the other.
Then a job's start, cold and warm: seconds of this machine's processors (user and system, everything that had to run for it,
except the warm parent's own imports, which are shown apart) and of the clock.
"""

import itertools
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from azure.identity import ClientSecretCredential

from emulator.control_client import Control
from emulator.execution.process import UserProcess
from emulator.execution.warm.warm_start import WarmStart
from emulator.identity import access

GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/bench?api-version=2022-09-01"
BODY = {"location": "westeurope", "tags": {f"tag{number}": "x" * 100 for number in range(20)}}
STALL_SECONDS = 0.03
"""Nagle and a delayed acknowledgement together cost 42 ms; nothing else here comes near."""


async def bare(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    """The least that uvicorn can serve."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _timed(count: int, ask: Callable[[], requests.Response]) -> list[float]:
    for _ in range(20):
        assert ask().ok
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - started)
        assert answer.ok, answer.text
    return seconds


def _row(name: str, seconds: list[float], server: float | None) -> None:
    stalls = sum(one > STALL_SECONDS for one in seconds)
    own = "      –" if server is None else f"{server:7.3f}"
    print(
        f"{name:<28}{len(seconds) / sum(seconds):>11.0f}{statistics.median(seconds) * 1000:>11.2f}"
        f"{statistics.quantiles(seconds, n=100)[98] * 1000:>9.2f}{own:>12}{stalls:>8}"
    )


def _floor(count: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["-m", "uvicorn", "benchmarks.emulator:bare", "--port", str(port), "--log-level", "error"]
    with _running([*command, "--loop", "uvloop", "--http", "httptools"]), requests.Session() as session:
        url = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                session.get(url, timeout=10)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        _row("bare uvicorn, GET", _timed(count, lambda: session.get(url, timeout=10)), None)
        _row("bare uvicorn, PUT 2 KiB", _timed(count, lambda: session.put(url, json=BODY, timeout=10)), None)


def _emulator(count: int, state: Path) -> None:
    command = ["-m", "emulator", "--port", "0", "--state", str(state)]
    with _running(command) as process, requests.Session() as session:
        assert process.stdout is not None
        lines = itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout)
        exports = (line.removeprefix("export ").strip() for line in lines if line.startswith("export "))
        os.environ.update(line.split("=", 1) for line in exports)
        control = Control(os.environ["HTTPS_PROXY"])
        credential = ClientSecretCredential(access.TENANT_ID, access.CLIENT_ID, access.CLIENT_SECRET)
        token = credential.get_token(f"{access.ARM_AUDIENCE}/.default").token
        session.headers["Authorization"] = f"Bearer {token}"
        for name, ask in (
            ("emulator, PUT 2 KiB", lambda: session.put(GROUP, json=BODY, timeout=10)),
            ("emulator, GET", lambda: session.get(GROUP, timeout=10)),
        ):
            control.clear_journal()
            seconds = _timed(count, ask)
            _row(name, seconds, statistics.median(entry.milliseconds for entry in control.journal(last=count)))


JOBS = 20
IMPORTS = "import joblib, numpy, pandas, pyarrow.parquet, sklearn.ensemble\n"


def _spent(parent: int | None) -> float:
    """CPU seconds of children that have ended, and of the parent of warm ones with all of its own that have."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    if parent is not None:
        fields = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()
        seconds += sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return seconds


def _starts(folder: Path) -> None:
    print(f"\n{'a job that starts, ':<28}{'CPU s':>11}{'wall s':>11}")
    for name, script in (("and ends", ""), ("and imports what it needs", IMPORTS)):
        (folder / "job.py").write_text(script)
        for way in ("cold", "warm"):
            warm = WarmStart(way == "warm")
            ready = time.perf_counter()
            assert UserProcess(warm).run("python job.py", folder, {}, folder / "log") == 0
            first = time.perf_counter() - ready
            imports = _spent(warm.parent)
            jobs = JOBS if way == "warm" else 5
            started = time.perf_counter()
            for _ in range(jobs):
                assert UserProcess(warm).run("python job.py", folder, {}, folder / "log") == 0
            wall = (time.perf_counter() - started) / jobs
            print(f"{name + ', ' + way:<28}{(_spent(warm.parent) - imports) / jobs:>11.3f}{wall:>11.3f}")
            assert warm.started == (jobs + 1 if way == "warm" else 0), list(warm.cold)
            if way == "warm":
                print(f"{'  the first, with imports':<28}{'':>11}{first:>11.3f}")
            warm.close()


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{'':<28}{'requests/s':>11}{'median ms':>11}{'p99 ms':>9}{'server ms':>12}{'stalls':>8}")
    _floor(count)
    with tempfile.TemporaryDirectory() as state:
        _emulator(count, Path(state))
    with tempfile.TemporaryDirectory() as folder:
        _starts(Path(folder))


if __name__ == "__main__":
    main()
