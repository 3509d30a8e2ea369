"""A workload's data, put where Azure would have it. For the laptop only; on Azure data arrives by itself."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

from blocks.loading import loaded
from blocks.workspace import Workspace
from deployments.laptop.data_file import NAME, SEED, Missing, has_data_file, seed
from domain.declaration.workload import Workload
from domain.text import counted
from domain.verification.replay import Replay
from domain.verification.smoke import SmokeTest
from tasks.azure_ml.datastore_files import list_files, upload_file

DATA = Path(__file__).parents[2] / ".signalbox" / "data"
"""Where `make setup` fetched it to, a folder for each workload; once for every laptop of this checkout."""


def seed_data(workload: Workload, report: Callable[[str], None]) -> None:
    """Have the workload's own data.py give what is missing, and upload it; what is missing then is reported."""
    if has_data_file(workload) and (empty := _empty_folders(workload)):
        files = seed(workload, list(dict.fromkeys(missing for _, missing in empty)), DATA / workload.name, report)
        report(f"uploading the data of {workload.name} ({counted(len(empty), 'folder')})")
        for workspace, (folder, *_) in empty:
            upload_file(workspace, files[folder], f"{folder}{files[folder].name}")
    for missing in missing_data(workload):
        report(missing)


def missing_data(workload: Workload) -> tuple[str, ...]:
    """What people have to upload before the workload can be carried."""
    dev = loaded(Workspace, "dev")
    folders = dict.fromkeys(workload.data.raw_for(unit) for unit in workload.units)
    empty = [folder for folder in folders if not list_files(dev, folder)]
    told = [
        f"{folder} in {dev.workspace_name} is empty: while `signalbox up` runs in this folder, put the raw data of {workload.name} "
        "there, with `az ml` or the SDK."
        for folder in empty
    ]
    if told and not has_data_file(workload):
        told.append(f"Or write {workload.folder / NAME} with {SEED}.")
    return tuple(told)


def _empty_folders(workload: Workload) -> list[tuple[Workspace, Missing]]:
    """Of raw data, and of what is scored where a stage is verified, and the workspace of each."""
    dev = loaded(Workspace, "dev")
    wanted = [(dev, (workload.data.raw_for(unit), unit.plant, "")) for unit in workload.units]
    for stage in workload.stages:
        if stage.target.kind != "batch_endpoint":
            continue
        workspace = loaded(Workspace, stage.target.workspace)
        after = (stage.confirmation.smoke, stage.confirmation.replay) if stage.confirmation else ()
        for input, unit in product((stage.verification, stage.replay, *after), workload.units):
            if isinstance(input, SmokeTest | Replay):
                wanted.append((workspace, (input.data_for(unit), unit.plant, unit.circuit)))
    once = {(workspace.workspace_name, missing): (workspace, missing) for workspace, missing in wanted}
    return [(workspace, missing) for workspace, missing in once.values() if not list_files(workspace, missing[0])]
