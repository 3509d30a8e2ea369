"""A command with its inputs beside it and its outputs stored afterwards."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.arm.errors import AzureError
from emulator.execution.bindings import fill
from emulator.execution.locations import locate
from emulator.execution.process import UserProcess
from emulator.execution.records import JobRecord
from emulator.state import State

LITERALS = frozenset({"literal", "string", "number", "integer", "boolean"})

OWN_FOLDERS = ("outputs", "logs")
"""Below the working folder; what a command leaves there is kept with its job, however it ended, as on Azure."""


@dataclass(frozen=True)
class Command:
    """What to run. inputs: name → (type, literal or address). outputs: name → (type, address). code: address or None."""

    line: str
    code: str | None
    inputs: Mapping[str, tuple[str, str]]
    outputs: Mapping[str, tuple[str, str]]
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None


def run_command(state: State, record: JobRecord, command: Command, process: UserProcess) -> None:
    """Run it and set the record's end: Completed, Failed with the reason, or Canceled."""
    folder = state.folder / "runs" / record.id.name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        record.begin()
        code = run_in(state, record, command, process, folder)
    except TimeoutError as error:
        record.write_log(f"The job was ended: {error}.")
        record.end("Failed", f"The job exceeded its time limit: {error}.")
    except AzureError as error:
        record.write_log(f"{error.code}: {error.message}")
        record.end("Failed", error.message)
    except KeyError as error:
        message = f"The command uses {error.args[0]}, which was not given."
        record.write_log(message)
        record.end("Failed", message)
    else:
        if process.stopped.is_set():
            record.end("Canceled")
        elif code == 0:
            record.end("Completed")
        else:
            record.end(
                "Failed",
                f"Execution failed. User process exited with code {code}. See {record.log.name}. {_last_line(record)}",
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_in(state: State, record: JobRecord, command: Command, process: UserProcess, folder: Path) -> int:
    """Prepare the folder, run the command there, store its outputs; the exit code."""
    work = folder / "wd"
    work.mkdir(parents=True)
    if command.code:
        shutil.copytree(locate(state, record.workspace, command.code).file(state), work, dirs_exist_ok=True)
    values: dict[str, str] = {}
    for name, (kind, value) in command.inputs.items():
        values[f"inputs.{name}"] = (
            value if kind in LITERALS else str(_mounted(state, record, folder / "inputs" / name, value))
        )
    for name, (kind, _) in command.outputs.items():
        place = folder / "outputs" / name
        (place.parent if kind == "uri_file" else place).mkdir(parents=True, exist_ok=True)
        values[f"outputs.{name}"] = str(place)
    record.log.parent.mkdir(parents=True, exist_ok=True)
    record.log.touch()
    for name in OWN_FOLDERS:
        (work / name).mkdir(exist_ok=True)
    try:
        code = process.run(fill(command.line, values), work, command.variables, record.log, command.timeout)
    finally:
        for name in OWN_FOLDERS:
            kept = record.artifacts.inside(name)
            state.blobs.put_folder(kept.account, kept.container, kept.path, work / name)
    if code == 0:
        for name, (_, address) in command.outputs.items():
            _stored(state, record, folder / "outputs" / name, address)
    return code


def _mounted(state: State, record: JobRecord, place: Path, address: str) -> Path:
    """A copy of the input: user code can never change what is stored."""
    location = locate(state, record.workspace, address)
    source = location.file(state)
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place)
        return place
    if not source.is_file():
        raise AzureError(400, "UserError", f"DataAccessError(NotFound): the input {address} has no files.")
    place.mkdir()
    return Path(shutil.copyfile(source, place / source.name))


def _stored(state: State, record: JobRecord, place: Path, address: str) -> None:
    location = locate(state, record.workspace, address)
    if place.is_file():
        state.blobs.write(location.account, location.container, location.path.strip("/"), place)
    elif place.is_dir():
        state.blobs.put_folder(location.account, location.container, location.path.strip("/"), place)


def _last_line(record: JobRecord) -> str:
    lines = record.log.read_text(errors="replace").strip().splitlines() if record.log.is_file() else []
    return lines[-1] if lines else ""


def input_of(rest: Mapping[str, Any]) -> tuple[str, str] | None:
    """An input as the REST API writes it → (type, value); None when nothing was given."""
    kind = str(rest.get("jobInputType") or rest.get("job_input_type") or "literal").lower()
    value = rest.get("value") if kind in LITERALS else rest.get("uri")
    return None if value is None else (kind, str(value))
