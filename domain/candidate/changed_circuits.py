"""changed_circuits.json: what training hands to the release. (Seed 002, trigger of stage 1.)"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, Strict, ValidationError

from domain.canonical_json import canonical_json, digest_of
from domain.errors import InvalidDeclaration
from domain.identifiers import PlantId, Sha256
from domain.parsing.field_errors import dotted, worded
from domain.text import did_you_mean, listed
from domain.unit import Unit

FILE = "changed_circuits.json"
MAX_BYTES = 8 * 1024 * 1024
"""Ten times what a thousand circuits take."""


def _written_day(value: object) -> object:
    """A number is no day, though pydantic would read seconds since 1970 into it."""
    if isinstance(value, int | float):
        raise ValueError("write the day as YYYY-MM-DD")
    return value


BUILD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""A build's id: no JSON object looks like one."""


def changed_path(workload: str, build: str | None = None) -> str:
    """Where the file is kept beside the ledger: a build's, or the newest."""
    return f"changed/{workload}/{build}/{FILE}" if build is not None else f"changed/{workload}/{FILE}"


Day = Annotated[date, BeforeValidator(_written_day)]
Metrics = dict[str, Annotated[FiniteFloat, Strict()]]


class ChangedCircuit(BaseModel):
    """A circuit whose candidate was registered. metrics of candidate and champion are of the same rows.

    data_publisher: who registered the data asset, as Azure says; empty where it does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    plant_id: PlantId
    circuit_id: PlantId
    model_name: str = Field(min_length=1)
    model_version: str = Field(min_length=1)
    model_digest: Sha256
    data_asset: str = Field(min_length=1)
    cutoff_date: Day
    data_report_digest: Sha256
    training_job: str = Field(min_length=1)
    metrics: Metrics
    data_publisher: str = ""
    champion_version: str | None = None
    champion_metrics: Metrics | None = None

    @property
    def unit(self) -> Unit:
        """The circuit."""
        return Unit(plant=self.plant_id, circuit=self.circuit_id)


class ChangedCircuits(BaseModel):
    """The whole file. code_author: of the commit, as `Name <address>`; empty where nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    workload: str = Field(min_length=1)
    build_id: str = Field(min_length=1)
    code_commit: str = Field(min_length=1)
    code_author: str = ""
    circuits: tuple[ChangedCircuit, ...] = Field(min_length=1)

    @classmethod
    def parse(cls, content: str | Mapping[str, Any], known: Mapping[Unit, str]) -> "ChangedCircuits":
        """Read the file; InvalidDeclaration names every fault in it. known: the workload's circuits and the names of their models."""
        document = _document(content) if isinstance(content, str) else dict(content)
        faults = _circuit_faults(document, known)
        try:
            changed = cls.model_validate(document)
        except ValidationError as error:
            shapes = [f"{FILE}: {dotted(where)}: {what}" for where, what in worded(error, cls)]
            raise InvalidDeclaration([*shapes, *faults]) from error
        if faults:
            raise InvalidDeclaration(faults)
        return changed

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False)

    @property
    def digest(self) -> str:
        """Of the content, whatever its spelling."""
        return digest_of(canonical_json(self))


def _document(text: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise InvalidDeclaration([f"{FILE}: {len(text)} characters, more than the {MAX_BYTES} that are read"])
    try:
        document = json.loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError) as error:
        raise InvalidDeclaration([f"{FILE}: not usable JSON: {error}"]) from error
    if not isinstance(document, dict):
        raise InvalidDeclaration([f"{FILE}: must be an object with workload, build_id, code_commit and circuits"])
    return document


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if repeated:
        raise ValueError(f"key {listed(repeated)} appears twice in one object")
    return dict(pairs)


def _circuit_faults(document: Mapping[str, Any], known: Mapping[Unit, str]) -> list[str]:
    """Circuits that are unknown or repeated, or carry another's model, seen also where other fields are faulty."""
    entries = document.get("circuits")
    if not isinstance(entries, list | tuple):
        return []
    units = {str(unit): unit for unit in known}
    entries = [entry for entry in entries if isinstance(entry, Mapping)]
    counts = Counter(f"{entry.get('plant_id')}/{entry.get('circuit_id')}" for entry in entries)
    faults = [f"{FILE}: {name} is listed {count} times" for name, count in counts.items() if count > 1]
    faults += [
        f"{FILE}: {name} is not a circuit of the workload{did_you_mean(name, units)}; its circuits are {listed(units)}"
        for name in counts
        if name not in units
    ]
    for entry in entries:
        unit = units.get(f"{entry.get('plant_id')}/{entry.get('circuit_id')}")
        model = entry.get("model_name")
        if unit is not None and isinstance(model, str) and model != known[unit]:
            faults.append(f"{FILE}: {unit} has model {model!r}, but its own model is {known[unit]!r}")
    return faults
