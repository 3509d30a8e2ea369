"""workload.yaml → Workload, with every fault in one message, each with its line."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.errors import InvalidDeclaration
from domain.naming import Naming, faults_of_names
from domain.workload import Workload

MAX_BYTES = 256 * 1024

Location = tuple[str | int, ...]


def load_workload(path: Path) -> Workload:
    """Read and check a declaration; InvalidDeclaration names every fault as `file:line: key: what is wrong`."""
    text = _read(path)
    node = _compose(path, text)
    lines = dict(_lines(node, ()))
    faults = [f"{path.name}:{line}: {key}: stands here a second time" for key, line in _duplicates(node, ())]
    document = yaml.safe_load(text)
    try:
        workload = Workload.model_validate({**document, "folder": path.resolve().parent})
    except ValidationError as error:
        faults += [_fault(path, fault, lines) for fault in error.errors()]
        raise InvalidDeclaration(faults) from error
    faults += _consistency(path, workload, lines)
    if faults:
        raise InvalidDeclaration(faults)
    return workload


def _read(path: Path) -> str:
    if not path.is_file():
        raise InvalidDeclaration([f"{path.name}: there is no such file in {path.parent.name}/"])
    if path.stat().st_size > MAX_BYTES:
        raise InvalidDeclaration([f"{path.name}: larger than {MAX_BYTES} bytes; a declaration is a page"])
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDeclaration([f"{path.name}: not UTF-8 text"]) from error


def _compose(path: Path, text: str) -> yaml.MappingNode:
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise InvalidDeclaration([f"{path.name}: aliases (*name) are not taken; write the value out"])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidDeclaration([f"{path.name}:{line}: not YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise InvalidDeclaration([f"{path.name}: not YAML: {error}"]) from error
    if not isinstance(node, yaml.MappingNode):
        raise InvalidDeclaration(
            [
                f"{path.name}:1: a declaration is a mapping of keys; this is {'empty' if node is None else 'something else'}"
            ]
        )
    return node


def _lines(node: yaml.Node, at: Location) -> Iterator[tuple[Location, int]]:
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*at, key.value), key.start_mark.line + 1
            yield from ((where, line) for where, line in _lines(value, (*at, key.value)) if where != (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _lines(value, (*at, position))


def _duplicates(node: yaml.Node, at: Location) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield _dotted((*at, key.value)), key.start_mark.line + 1
            seen.add(key.value)
            yield from _duplicates(value, (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _duplicates(value, (*at, position))


def _dotted(at: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".") or "document"


def _fault(path: Path, fault: ErrorDetails, lines: Mapping[Location, int]) -> str:
    location = _without_tags(fault["loc"], lines)
    known = location
    while known and known not in lines:
        known = known[:-1]
    message = fault["msg"]
    if fault["type"] == "extra_forbidden":
        message = "unknown key" + _suggestion(str(location[-1]), location[:-1])
    elif fault["type"] == "missing":
        message = "missing; it is needed"
    elif fault["type"] == "union_tag_invalid":
        message = f"unknown kind; there are {fault['ctx']['expected_tags']}"
    return f"{path.name}:{lines.get(known, 1)}: {_dotted(location)}: {message}"


def _without_tags(location: tuple[int | str, ...], lines: Mapping[Location, int]) -> Location:
    """pydantic puts a union's tag (`batch_endpoint`) into the location, where the file has no key of that name."""
    shown: Location = ()
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if last or (*shown, part) in lines or isinstance(part, int):
            shown = (*shown, part)
    return shown


def _suggestion(key: str, section: Location) -> str:
    names = {
        "stages": ("name", "target", "gate", "verification"),
        "data": ("raw", "starts", "pipeline", "timestamp", "expectations"),
        "": tuple(field.alias or name for name, field in Workload.model_fields.items()),
    }
    allowed = names.get(str(section[0]) if section else "", ())
    close = get_close_matches(key, allowed, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _consistency(path: Path, workload: Workload, lines: Mapping[Location, int]) -> list[str]:
    faults: list[str] = []

    def add(location: Location, message: str) -> None:
        faults.append(f"{path.name}:{lines.get(location, 1)}: {_dotted(location)}: {message}")

    names = [stage.name for stage in workload.stages]
    for position, name in enumerate(names):
        if name in names[:position]:
            add(("stages", position, "name"), f"stage {name!r} stands here a second time")
    units = workload.units
    for unit in sorted({unit for unit in units if units.count(unit) > 1}):
        add(("units",), f"{unit} is listed twice")
    for fault in faults_of_names(set(units), Naming()):
        add(("units",), fault)
    for location, file in (
        (("data", "pipeline"), workload.data.pipeline),
        (("training", "pipeline"), workload.training.pipeline),
        (("scoring", "code"), workload.scoring.code / workload.scoring.script),
        (("scoring", "environment", "conda"), workload.scoring.environment.conda),
    ):
        if not (workload.folder / file).is_file():
            add(location, f"there is no file {file}")
    return faults
