"""A laptop on which fleets are measured."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.bootstrap import bootstrap
from deployments.environments.environment import load_environment
from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import free_port
from deployments.laptop.resources import create_resources


@contextmanager
def fleet_laptop() -> Iterator[tuple[Laptop, Path]]:
    """Emulator and server with all blocks and resources, and the folder that fleets are declared in; gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, Laptop(Path(folder), free_port(), free_port()) as laptop:
        laptop.apply()
        workloads = Path(folder) / "workloads"
        workloads.mkdir()
        os.environ["SIGNALBOX_WORKLOADS"] = str(workloads)
        bootstrap("laptop")
        create_resources(load_environment("laptop"))
        yield laptop, workloads
