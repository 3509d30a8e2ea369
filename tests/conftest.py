"""What tests of several layers share: one emulator and one Prefect server for the whole run, whoever of its workers asks."""

import fcntl
import gc
import hashlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from own_faults import OwnFaults
from shared_laptop import ForgetfulLaptop, LaptopOwner, forget_clients, once, shared_laptop, want_laptop

from deployments.advice import HOME, work_in
from deployments.laptop.laptop import Laptop
from deployments.laptop.processes import free_port, termination_as_interrupt
from emulator.control_client import Control
from emulator.server import Emulator

os.environ.pop("COLUMNS", None)  # of whoever looks at the tests; what is tested would draw its tables as narrow
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what it puts into the background so
    signal.signal(signal.SIGINT, signal.default_int_handler)

if settings.get_current_profile_name() == "default":
    settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any speed")  # what a machine needs for an example says nothing of the rule
gc.disable()  # until all is imported and collected: half a million objects that stay, looked through again and again

FOLDER = pytest.StashKey[Path]()
"""Of the run: what its workers share."""
OWNED = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that owns the run has the laptop; a worker is told where to ask for it."""
    config.option.randomly_reset_seed = False  # else all tests draw the same numbers, and SDKs the same names from them
    given = getattr(config, "workerinput", None)
    if given is not None:
        config.stash[FOLDER] = Path(given["run_folder"])
        return
    owned = config.stash[OWNED] = ExitStack()
    owned.enter_context(termination_as_interrupt())
    config.stash[FOLDER] = owned.enter_context(LaptopOwner()).folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """For a worker that xdist is about to start."""
    node.workerinput["run_folder"] = str(node.config.stash[FOLDER])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each worker's part begins with its share of what takes minutes alone: begun last, it would be waited for by idle workers.

    xdist gives each worker an equal part of all, in this order (`--dist worksteal`).
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if item not in long]
    parts = [long[number::workers] for number in range(workers)]
    for left, part in zip(range(workers, 0, -1), parts, strict=True):
        rest = parts[workers - left + 1 :]
        share = (len(others) + len(part) + sum(map(len, rest))) // left - len(part)
        part += others[:share]
        del others[:share]
    items[:] = [item for part in parts for item in part]


def pytest_collection_finish(session: pytest.Session) -> None:
    """It takes a while to start, and the first tests need none."""
    gc.freeze()
    gc.enable()
    if not session.config.option.collectonly and any(
        "laptop" in getattr(one, "fixturenames", ()) for one in session.items
    ):
        want_laptop(session.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of it runs afterwards."""
    gc.freeze()  # else each worker's last act takes seconds
    config.stash.get(OWNED, ExitStack()).close()


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """What all workers of this run share."""
    return pytestconfig.stash[FOLDER]


@pytest.fixture(scope="session")
def laptop(run_folder: Path) -> Iterator[Laptop]:
    """The run's laptop, without a worker; this process works with it."""
    from prefect.context import SyncClientContext

    laptop = shared_laptop(run_folder)
    laptop.apply()
    with (
        SyncClientContext.get_or_create()
    ):  # one client for all that tests ask: making one reads every authority's certificate
        yield laptop
    laptop.stop()


@pytest.fixture(scope="session")
def environment(laptop: Laptop, run_folder: Path) -> str:
    """The laptop environment's blocks and resources are there; its name."""
    from deployments.bootstrap import bootstrap
    from deployments.environments.environment import load_environment
    from deployments.laptop.resources import create_resources

    with once(run_folder, "environment") as first:
        if first:
            bootstrap("laptop")
            create_resources(load_environment("laptop"))
    return "laptop"


@pytest.fixture(scope="module")
def own_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An emulator and a Prefect server of a file's own: its tests look at all that a server holds, or change it."""
    from prefect.context import SyncClientContext

    with ForgetfulLaptop(tmp_path_factory.mktemp("laptop"), free_port(), free_port()) as laptop:
        laptop.apply()
        forget_clients()
        shared = SyncClientContext.__var__.set(None)  # else all that is asked goes to the run's server
        with SyncClientContext():
            yield laptop
        SyncClientContext.__var__.reset(shared)
    forget_clients()


@pytest.fixture(scope="module")
def own_azure(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator of a file's own, beside the run's Prefect server: its tests change how all of Azure behaves."""
    with Emulator(tmp_path_factory.mktemp("azure")) as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment().items():
            patch.setenv(name, value)
        forget_clients()
        yield emulator
    forget_clients()


@pytest.fixture(autouse=True)
def advice_about_no_folder() -> Iterator[None]:
    """What a command that a test ran here was told of a folder ends with the test."""
    yield
    work_in(HOME)


@pytest.fixture
def faults(laptop: Laptop) -> Iterator[OwnFaults]:
    """What goes wrong with Azure for this test alone, and no longer than it runs."""
    with OwnFaults(Control(f"http://127.0.0.1:{laptop.emulator_port}")) as faults:
        yield faults


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections as long as the test runs: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def one_at_a_time(run_folder: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """No other worker runs a test of the same file meanwhile: they save blocks under the same names."""
    with (run_folder / f"{request.path.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this process among those that run the tests; part of the names of what a file's tests share."""
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> str:
    """Eight characters that are this test's own, the same at every run."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]


@pytest.fixture
def nobody_types(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal at which nobody is."""
    keys, reads = os.openpty()
    with os.fdopen(reads) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield
    os.close(keys)
