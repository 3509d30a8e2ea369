"""Release and rollback of 10, 100 and 1,000 circuits, against the same verbs of the SDK in a plain thread pool.

Run: `python -m benchmarks.fleet [--circuits 10 100 1000] [--workers 8]`. Gates and everything that scores (smoke tests, replay,
confirmation) are left out: people would be timed, and in the emulator scoring is real processes on this machine. A thousand circuits take about half an hour.
"""

import argparse
import io
import json
import subprocess
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from benchmarks.fleet_demands import Measured, demands
from benchmarks.fleet_laptop import fleet_laptop
from benchmarks.fleet_run import CHANGED
from benchmarks.fleet_workload import candidates, circuit_names, declare
from benchmarks.latencies import SWITCH, Latencies
from deployments.laptop.laptop import Laptop
from deployments.laptop.local_http import request
from emulator.control_client import Control
from flows.fan_out.each import WORKERS

SIZES = (10, 100, 1000)
QUIET_SECONDS = 5.0
"""The Prefect server writes task runs down for a while after a flow has ended; the next run begins after so long without."""


class Bench:
    """A laptop, and fleets on it."""

    def __init__(self, laptop: Laptop, workloads: Path, workers: int) -> None:
        self._laptop, self._workloads, self._workers = laptop, workloads, workers
        self._control = Control(f"http://127.0.0.1:{laptop.emulator_port}")
        self._latencies = Latencies.read()

    def prepare(self, circuits: int) -> None:
        """Two fleets of the same size, one for the product and one for the floor, their candidates registered."""
        for name in (f"fleet{circuits}", f"floor{circuits}"):
            declare(self._workloads, name, circuits)
            with redirect_stderr(io.StringIO()):  # the SDK tells of every upload
                changed = candidates(self._workloads, name, circuit_names(circuits), 8)
            (self._workloads / name / CHANGED).write_text(changed.to_json())

    def release(self, circuits: int) -> Measured:
        """Of a fleet that serves nothing yet."""
        return self._against_floor("release", circuits)

    def rollback(self, circuits: int) -> Measured:
        """Of production, after something was put over the release."""
        self.supersede(circuits)
        self._run("supersede", f"floor{circuits}")
        return self._against_floor("rollback", circuits)

    def supersede(self, circuits: int) -> None:
        """Put a second deployment over the release, outside the clock."""
        self._control.set_pace(0.0)
        self._run("supersede", f"fleet{circuits}")

    def real_time_rollback(self, circuits: int) -> float:
        """Seconds, every operation taking as long as Azure is assumed to."""
        self.supersede(circuits)
        self._latencies.apply(self._control, real_time=True)
        return float(self._run("rollback", f"fleet{circuits}")["seconds"])

    def _against_floor(self, flow: str, circuits: int) -> Measured:
        self._latencies.apply(self._control)
        floor = self._run(f"{flow}-floor", f"floor{circuits}")
        before = self._task_runs()
        found = self._run(flow, f"fleet{circuits}")
        task_runs = self._settled() - before
        return Measured(
            circuits,
            found["seconds"],
            floor["seconds"],
            found["megabytes"],
            task_runs,
            found["cpu"],
            floor["cpu"],
            found["stolen"],
            floor["stolen"],
        )

    def _run(self, run: str, name: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.fleet_run", run, name, str(self._workers)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"{run} of {name} failed:\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def _task_runs(self) -> int:
        status, body = request(self._laptop.api_port, "POST", "/api/task_runs/count", {}, self._laptop.password)
        if status != 200:
            sys.exit(f"the Prefect server answers {status}: {body!r}")
        return int(body)

    def _settled(self) -> int:
        """How many there are when no more are written down."""
        last, since = self._task_runs(), time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            time.sleep(0.5)
            now = self._task_runs()
            if now != last:
                last, since = now, time.monotonic()
        return last


def _row(flow: str, one: Measured) -> None:
    print(
        f"{flow:<10}{one.circuits:>6}{one.seconds:>10.1f}{one.floor:>10.1f}{one.ratio:>8.2f}{one.overhead:>12.1f}"
        f"{one.megabytes:>9.0f}{one.task_runs / one.circuits:>11.1f}{one.cpu:>9.1f}{one.floor_cpu:>11.1f}"
        f"{one.stolen:>11.1f}{one.floor_stolen:>11.1f}",
        flush=True,
    )


def main() -> int:
    """Print the table and the demands; 1 when one is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--circuits", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", type=int, default=WORKERS, help="circuits at once, in flow and floor")
    asked = parser.parse_args()
    print(f"fleet: {asked.workers} circuits at once; gates, smoke tests, replay and confirmation left out")
    print(f"  {Latencies.read().told()}")
    print(f"  all of it {Latencies.read().scaled_down_by:g} times quicker here, but for the rollback at Azure's pace")
    releases, rollbacks, real_time = {}, {}, {}
    with fleet_laptop() as (laptop, workloads):
        bench = Bench(laptop, workloads, asked.workers)
        print(
            "          circuits    wall s   floor s   ratio  ms a circuit   MB  task runs    CPU s    floor's   stolen s    floor's"
        )
        for circuits in asked.circuits:
            bench.prepare(circuits)
            releases[circuits] = bench.release(circuits)
            _row("release", releases[circuits])
            rollbacks[circuits] = bench.rollback(circuits)
            _row("rollback", rollbacks[circuits])
        largest = max(asked.circuits)
        real_time[largest] = bench.real_time_rollback(largest)
        switch = Latencies.read().operations[SWITCH]
        print(f"rollback of {largest} at Azure's pace, {switch:g} s a switch: {real_time[largest]:.1f} s")
    judged = demands(releases, rollbacks, real_time)
    for demand in judged:
        print(f"{'?' if demand.met is None else '✓' if demand.met else '✗'} {demand.text}")
    return int(any(demand.met is False for demand in judged))


if __name__ == "__main__":
    sys.exit(main())
