"""The estimation engine's scoring service: milliseconds and requests a second, against its bare framework around the same model.

Run: `python -m benchmarks.service [requests]`. Real sales train the model and are asked about. One client, one connection that is
kept, requests one after the other; the three are asked in turns, so that a busy machine slows them all.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import requests

from tasks.content_digest import content_digest
from workloads.estimation_engine.code.sale_price.extract import CIRCUIT, extract, read_sales
from workloads.estimation_engine.code.sale_price.train import train
from workloads.estimation_engine.data import fetch
from workloads.estimation_engine.sample import sample_question

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".signalbox" / "data" / "estimation_engine"
SERVICE = ROOT / "workloads" / "estimation_engine" / "service"
CUTOFF = date(2010, 6, 30)
ITERATIONS = 300
START_SECONDS = 60
TURN = 50
"""Requests to one of them before the next."""


def told(folder: Path) -> dict[str, str]:
    """Train a model into the folder; what the service has to be told."""
    sales = fetch(DATA)
    rows = extract(read_sales(sales), CIRCUIT, CUTOFF)[0]
    train(rows, {"training_from": "", "training_to": ""}, "", folder, ITERATIONS)
    return {
        "MODEL_DIR": str(folder),
        "MODEL_DIGEST": content_digest(folder),
        "MODEL_NAME": "ames-saleprice",
        "MODEL_VERSION": "1",
        "HOST": "127.0.0.1",
    }


@contextmanager
def running(environment: dict[str, str], port: int, bare: bool = False) -> Iterator[str]:
    """The address of a server that is being started. bare: the framework alone, in place of the service."""
    command = ["uvicorn", "benchmarks.bare_service:app", "--port", str(port), "--log-level", "error"]
    folder, command = (ROOT, command) if bare else (SERVICE, ["estimation"])
    told = {**os.environ, **environment, "PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=told, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def asked_until_ready(address: str) -> None:
    """Wait until it answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            requests.get(f"{address}/ready", timeout=START_SECONDS)
            return
        except requests.ConnectionError:
            assert time.monotonic() < until, f"nothing answers at {address}"
            time.sleep(0.02)


def free_port() -> int:
    """Of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _timed(session: requests.Session, url: str, question: dict[str, Any], count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        answer = session.post(url, json=question, timeout=30)
        seconds.append(time.perf_counter() - started)
        assert answer.ok, answer.text
    return seconds


def _measure(session: requests.Session, urls: dict[str, str], question: dict[str, Any], count: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in urls}
    for url in urls.values():
        _timed(session, url, question, TURN)
    while len(found["service"]) < count:
        for name, url in urls.items():
            found[name] += _timed(session, url, question, TURN)
    floor = statistics.median(found["bare, same model"])
    for name, seconds in found.items():
        centiles = statistics.quantiles(seconds, n=100)
        print(
            f"{len(question['rows']):>6}  {name:<22}{centiles[49] * 1000:>9.2f}{centiles[98] * 1000:>9.2f}"
            f"{len(seconds) / sum(seconds):>13.0f}{statistics.median(seconds) / floor:>8.2f}"
        )


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack, requests.Session() as session:
        environment = told(Path(folder))
        bare = stack.enter_context(running(environment, free_port(), bare=True))
        service = stack.enter_context(running(environment, free_port()))
        asked_until_ready(bare)
        asked_until_ready(service)
        urls = {
            "bare, answers nothing": f"{bare}/nothing",
            "bare, same model": f"{bare}/predicted",
            "service": f"{service}/v1/estimates",
        }
        print(f"{'houses':>6}  {'':<22}{'p50 ms':>9}{'p99 ms':>9}{'requests/s':>13}{'ratio':>8}")
        for houses in (1, 100, 1000):
            _measure(
                session,
                urls,
                sample_question(fetch(DATA), CUTOFF, houses),
                count if houses == 1 else max(TURN, count // 5),
            )


if __name__ == "__main__":
    main()
