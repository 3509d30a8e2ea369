"""From a deployment to its first answer over HTTP: container instances, and a cluster where KUBECONFIG names one.

Run: `python -m benchmarks.first_answer [times]`. The estimation engine, trained on real sales and built once, is put where nothing
serves and asked until it answers, again and again. The floor is its bare process: started by hand, and asked until it answers.
"""

import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.service import asked_until_ready, free_port, running, told
from deployments.laptop.laptop import Laptop

WORKLOAD, CUTOFF, BELOW = "estimation_engine", date(2009, 6, 30), "dev"
SERVED = {"container instances (emulated)": "dev", "Helm release (cluster)": "production"}


def _row(name: str, seconds: list[float], floor: float) -> None:
    median = statistics.median(seconds)
    print(f"{name:<34}{median:>10.1f}{max(seconds):>10.1f}{median / floor:>8.2f}")


def _floor(times: int) -> float:
    """Median seconds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = told(Path(folder))
        seconds = []
        for _ in range(times):
            port, began = free_port(), time.perf_counter()
            with running(environment, port) as address:
                asked_until_ready(address)
                seconds.append(time.perf_counter() - began)
    _row("its process, by hand", seconds, statistics.median(seconds))
    return statistics.median(seconds)


def _deployed(stage: str, times: int) -> list[float]:
    """Seconds from the switch to a smoke test that passed; nothing serves there before and after."""
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from domain.naming import deployment_name
    from tasks.ledger.facts import release_names
    from tasks.ledger.lease import stage_lease
    from tasks.platforms import platform_of
    from tasks.workloads import declared_workload

    workload, ledger = declared_workload(WORKLOAD), loaded(Ledger, "ledger")
    declared = workload.stage(stage)
    platform, unit = platform_of(workload, declared.target), workload.units[0]  # type: ignore[arg-type]  # it serves
    endpoint, deployment = platform.endpoint(unit), deployment_name(release_names(ledger, WORKLOAD)[0])
    assert declared.confirmation is not None
    assert declared.confirmation.smoke is not None
    seconds = []
    with stage_lease(ledger, WORKLOAD, stage, "benchmark") as held:
        platform.switch(held, endpoint, None)
        for _ in range(times):
            began = time.perf_counter()
            platform.switch(held, endpoint, deployment)
            verdict = platform.smoke(declared.confirmation.smoke, unit, endpoint, deployment)
            seconds.append(time.perf_counter() - began)
            assert verdict.passed, verdict
            platform.switch(held, endpoint, None)
    return seconds


def main() -> None:
    """Print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with (
        tempfile.TemporaryDirectory() as home,
        Laptop(Path(home), api_port=free_port(), emulator_port=free_port()) as laptop,
    ):
        laptop.apply()
        from deployments.laptop.prepare import prepare
        from deployments.laptop.reachable_stages import reachable_stages
        from flows.extract_prepare import extract_prepare
        from flows.release import release
        from flows.train_register import train_register

        reached, missing = reachable_stages(prepare(WORKLOAD, print))
        extract_prepare(WORKLOAD, CUTOFF)
        changed = train_register(WORKLOAD, CUTOFF, None, BELOW)
        assert changed is not None
        state = release(WORKLOAD, changed.build_id, "benchmark", BELOW, return_state=True)
        assert state.is_completed(), state.message
        print(f"{'deploy to first answer':<34}{'median s':>10}{'most s':>10}{'ratio':>8}")
        floor = _floor(times)
        names = {stage.name for stage in reached.stages}
        for name, stage in SERVED.items():
            if stage in names:
                _row(name, _deployed(stage, times), floor)
            else:
                print(f"{name:<34}not measured: {'; '.join(missing)}")


if __name__ == "__main__":
    main()
