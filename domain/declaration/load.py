"""workload.yaml → Workload, with every fault in one message, each with its line."""

import json
from pathlib import Path

from pydantic import ValidationError

from domain.declaration.consistency import inconsistencies
from domain.declaration.workload import Workload
from domain.errors import InvalidDeclaration
from domain.parsing.field_errors import worded
from domain.parsing.yaml_document import YamlDocument, read_declaration


def load_workload(path: Path) -> Workload:
    """Read and check a declaration; InvalidDeclaration names every fault as `file:line: where: what is allowed`."""
    document = read_declaration(path)
    folder = path.resolve().parent
    workload, faults = _workload(document, folder)
    faults += [document.fault(at, what) for at, what in inconsistencies(document.values, folder)]
    faults += document.faults
    if workload is None or faults:
        raise InvalidDeclaration(sorted(set(faults), key=_by_line))
    return workload


def _workload(document: YamlDocument, folder: Path) -> tuple[Workload | None, list[str]]:
    """Validated as strict JSON: `"2"` is no number and 2 is no text, while lists and days are what they are."""
    declared = {key: value for key, value in document.values.items() if key != "folder"}
    try:
        workload = Workload.model_validate_json(json.dumps({**declared, "folder": str(folder)}), strict=True)
    except ValidationError as error:
        faults = [(at, what) for at, what in worded(error, Workload) if at not in document.unreadable]
        return None, [document.fault(at, what) for at, what in faults]
    return workload, []


def _by_line(fault: str) -> tuple[int, str]:
    line = fault.split(":", 2)[1]
    return (int(line) if line.isdigit() else 0), fault
