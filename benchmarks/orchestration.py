"""What a circuit costs in orchestration: the same SDK calls as Prefect tasks and in a plain thread pool."""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import free_port

CIRCUITS = 100
WORKERS = 8
ROUNDS = 3


def main() -> None:
    """Print seconds and milliseconds a circuit for both, and the ratio."""
    with tempfile.TemporaryDirectory() as folder, Laptop(Path(folder), free_port(), free_port()) as laptop:
        laptop.apply()
        from prefect import flow, task

        from blocks.loading import loaded
        from blocks.workspace import Workspace
        from deployments.bootstrap import bootstrap
        from deployments.environments.environment import load_environment
        from deployments.laptop.resources import create_resources
        from flows.fan_out.each import FAN_OUT
        from tasks.azure_ml.datastore_files import list_files

        bootstrap("laptop")
        create_resources(load_environment("laptop"))
        workspace = loaded(Workspace, "dev")
        uri = "azureml://datastores/workspaceblobstore/paths/raw/"

        @flow(task_runner=FAN_OUT)
        def fan_out() -> None:
            for future in [task(list_files).submit(workspace, uri) for _ in range(CIRCUITS)]:
                future.result()

        def plain() -> None:
            with ThreadPoolExecutor(WORKERS) as pool:
                for future in [pool.submit(list_files, workspace, uri) for _ in range(CIRCUITS)]:
                    future.result()

        plain()  # clients and tokens are made once
        times: dict[str, list[float]] = {"plain thread pool": [], "Prefect flow": []}
        for _ in range(ROUNDS):
            for name, run in (("plain thread pool", plain), ("Prefect flow", fan_out)):
                started = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - started)
    floor = statistics.median(times["plain thread pool"])
    print(f"orchestration: {CIRCUITS} circuits, one SDK verb each, {WORKERS} workers, median of {ROUNDS}")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"  {name:<18} {middle:6.2f} s  {middle / CIRCUITS * 1000:6.1f} ms a circuit  {middle / floor:5.1f} x")


if __name__ == "__main__":
    main()
