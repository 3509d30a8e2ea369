"""What tests of several layers share: one emulator and one Prefect server for the whole run."""

import os
from collections.abc import Iterator

import pytest

from deployments.laptop import Laptop
from deployments.processes import free_port, termination_as_interrupt

os.environ.pop("COLUMNS", None)  # of whoever looks at the tests; what is tested would draw its tables as narrow


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A laptop without a worker, on free ports and an empty folder; this process works with it."""
    folder = tmp_path_factory.mktemp("laptop")
    with termination_as_interrupt(), Laptop(folder, free_port(), free_port()) as laptop:
        laptop.apply()
        yield laptop
