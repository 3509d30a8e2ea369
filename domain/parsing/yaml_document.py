"""A YAML text as plain values with the line of each, and every fault of the text itself.

Read from the parser's nodes rather than by `safe_load`, which keeps the last of two equal keys and stops at one bad
value.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml

from domain.errors import InvalidDeclaration
from domain.parsing.field_errors import Location, dotted
from domain.parsing.yaml_advice import not_yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
KINDS = {
    "map": "a mapping",
    "seq": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a day",
}
"""YAML's tags that a declaration uses, in words."""
PLAIN = {
    "int": re.compile(r"[-+]?(0|[1-9][0-9]{0,18})"),
    "float": re.compile(
        r"[-+]?([0-9]{1,19}(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,3})?|\.[0-9]{1,30}|\.(inf|nan))", re.IGNORECASE
    ),
}
"""YAML also reads 017 as fifteen, 1:30 as ninety and 0x10 as sixteen, and takes minutes over long ones of the second kind."""
WRITTEN = "in decimal digits, without leading zeros, colons or underscores; put it in quotes if it is a name"


@dataclass(frozen=True)
class YamlDocument:
    """values: as JSON has them (days as text). faults: repeated keys and unreadable values, each with its line.

    unreadable: where a value is None because nothing could be made of it.
    """

    file: str
    values: dict[str, object]
    lines: dict[Location, int]
    faults: tuple[str, ...]
    unreadable: frozenset[Location]

    def fault(self, at: Location, what: str) -> str:
        """`file:line: where: what`; the line of the nearest thing that is there when the place itself is missing."""
        known = at
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.file}:{self.lines.get(known, 1)}: {dotted(at)}: {what}"


def read_declaration(path: Path) -> YamlDocument:
    """The document in a file; InvalidDeclaration where there is none, or it cannot be read."""
    if not path.is_file():
        raise InvalidDeclaration([f"{path.name}: there is no such file in {path.resolve().parent}"])
    if path.stat().st_size > MAX_BYTES:
        raise InvalidDeclaration([f"{path.name}: larger than {MAX_BYTES} bytes; a declaration should be about a page"])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidDeclaration([f"{path.name}:{line}: not UTF-8 text; save it as UTF-8"]) from error
    return read_yaml(path.name, text)


@lru_cache(maxsize=32)
def read_yaml(file: str, text: str) -> YamlDocument:
    """The document; InvalidDeclaration when the text is no mapping, or may not be read at all.

    Each task reads its workload's declaration, and the same text is the same document: nobody changes what is in it.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidDeclaration([f"{file}: larger than {MAX_BYTES} bytes; a declaration should be about a page"])
    try:
        _refuse_bombs(file, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        line, why = not_yaml(error, text)
        raise InvalidDeclaration([f"{file}:{line}: {why}"]) from error
    if not isinstance(node, yaml.MappingNode):
        found = {type(None): "empty", yaml.SequenceNode: "a list"}.get(type(node), "a single value")
        raise InvalidDeclaration([f"{file}:1: must be a mapping of keys, such as `name: plants`; it is {found}"])
    reader = _Reader(file)
    values = reader.mapping(node, ())
    return YamlDocument(file, values, reader.lines, tuple(reader.faults), frozenset(reader.unreadable))


def _refuse_bombs(file: str, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise InvalidDeclaration([f"{file}:{line}: the alias *{event.anchor} is not allowed; write the value out"])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidDeclaration([f"{file}:{line}: nested more than {MAX_DEPTH} deep; no declaration needs that"])


def _line(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark is not None else 1


class _Reader:
    """Turns nodes into values, noting lines and faults on the way."""

    def __init__(self, file: str) -> None:
        self.lines: dict[Location, int] = {(): 1}
        self.faults: list[str] = []
        self.unreadable: set[Location] = set()
        self._file = file
        self._scalars = yaml.constructor.SafeConstructor()

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            name = key.value.encode(errors="backslashreplace").decode() if isinstance(key, yaml.ScalarNode) else "?"
            where = (*at, name)
            if name in values:
                self._fault(where, _line(key), f"appears a second time; the first is on line {self.lines[where]}")
                continue
            self.lines[where] = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self._fault(where, _line(key), "a key must be a word")
            values[name] = self._value(value, where)
        return values

    def _value(self, node: yaml.Node, at: Location) -> object:
        self.lines.setdefault(at, _line(node))
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in KINDS:
            self._fault(at, _line(node), f"the tag {kind} is not allowed; write a plain value")
        elif isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        elif isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*at, position)) for position, item in enumerate(node.value)]
        elif kind in PLAIN and not PLAIN[kind].fullmatch(node.value):
            self._fault(at, _line(node), f"{node.value[:60]!r} is not how {KINDS[kind]} is written here: {WRITTEN}")
        else:
            try:
                value = self._scalars.construct_object(node)
                node.value.encode()  # half a character, as `\ud800` writes one, is no text
            except (ValueError, yaml.YAMLError):
                self._fault(at, _line(node), f"{node.value[:60]!r} cannot be read as {KINDS[kind]}")
            else:
                return value.isoformat() if isinstance(value, date) else value
        self.unreadable.add(at)
        return None

    def _fault(self, at: Location, line: int, what: str) -> None:
        self.faults.append(f"{self._file}:{line}: {dotted(at)}: {what}")
