"""The real data of the workloads, put where Azure would have it. For the laptop only; on Azure data arrives by itself."""

import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from itertools import product
from pathlib import Path

from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.declaration.workload import Workload
from domain.unit import Unit
from domain.verification.replay import Replay
from domain.verification.smoke import SmokeTest
from tasks.azure_ml.datastore_files import list_files, upload_file
from workloads.estimation_engine.data import fetch as fetch_sales
from workloads.flask_app.data import fetch as fetch_flights
from workloads.plants.data import cut_test_inputs
from workloads.plants.data import fetch as fetch_readings

DATA = Path(__file__).parents[2] / ".signalbox" / "data"
"""Where `make setup` fetched it to; once for every laptop of this checkout."""
TEST_UNTIL = date(2014, 6, 30)
"""Last day of the week of readings that smoke tests score."""

Report = Callable[[str], None]


def _seed_readings(workload: Workload, report: Report) -> None:
    """Readings of wind turbines: raw data, and slices of it where scoring is tested."""
    scada = fetch_readings(DATA / "plants", report)
    _upload_raw(workload, scada, report)
    missing: list[tuple[Workspace, str, Unit]] = []
    for stage in workload.stages:
        if stage.target.kind != "batch_endpoint":
            continue
        workspace = loaded(Workspace, stage.target.workspace)
        after = (stage.confirmation.smoke, stage.confirmation.replay) if stage.confirmation else ()
        for input, unit in product((stage.verification, stage.replay, *after), workload.units):
            if isinstance(input, SmokeTest | Replay) and not list_files.fn(workspace, input.data_for(unit)):
                missing.append((workspace, input.data_for(unit), unit))
    if not missing:
        return
    with tempfile.TemporaryDirectory() as place:
        circuits = dict.fromkeys((unit.plant, unit.circuit) for *_, unit in missing)
        files = cut_test_inputs(
            scada, circuits, TEST_UNTIL, Path(place)
        )  # all at once: reading the source takes seconds
        for workspace, folder, unit in missing:
            file = files[unit.plant, unit.circuit]
            upload_file.fn(workspace, file, f"{folder}{file.name}")


def _seed_sales(workload: Workload, report: Report) -> None:
    """Sales of houses: raw data; the question of its smoke test lies beside its declaration."""
    _upload_raw(workload, fetch_sales(DATA / "estimation_engine", report), report)


def _seed_flights(workload: Workload, report: Report) -> None:
    """Flights: raw data; the question of its smoke test lies beside its declaration."""
    _upload_raw(workload, fetch_flights(DATA / "flask_app", report), report)


def _upload_raw(workload: Workload, file: Path, report: Report) -> None:
    dev = loaded(Workspace, "dev")
    for plant in {unit.plant for unit in workload.units}:
        folder = workload.data.raw.format(plant=plant)
        if not list_files.fn(dev, folder):
            report(f"uploading {file.name} to {dev.workspace_name}")
            upload_file.fn(dev, file, f"{folder}{file.name}")


SEEDS: Mapping[str, Callable[[Workload, Report], None]] = {
    "plants": _seed_readings,
    "estimation_engine": _seed_sales,
    "flask_app": _seed_flights,
}
"""By workload: what puts its data where it expects it, unless it is there."""


def seed_data(workload: Workload, report: Report) -> None:
    """Fetch a workload's data and upload it; of one whose data is not known here, what is missing is reported."""
    seed = SEEDS.get(workload.name)
    if seed is not None:
        seed(workload, report)
    for missing in missing_data(workload):
        report(missing)


def missing_data(workload: Workload) -> tuple[str, ...]:
    """What people have to upload before the workload can be carried."""
    dev = loaded(Workspace, "dev")
    folders = dict.fromkeys(workload.data.raw_for(unit) for unit in workload.units)
    return tuple(
        f"{folder} in {dev.workspace_name} is empty: while `signalbox up` runs in this folder, put the raw data of {workload.name} "
        "there, with `az ml` or the SDK."
        for folder in folders
        if not list_files.fn(dev, folder)
    )
