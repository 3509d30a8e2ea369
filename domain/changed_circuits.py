"""changed_circuits.json: what training hands to the release. (Seed 002, trigger of stage 1.)"""

import json
from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.canonical import canonical_json, digest_of
from domain.errors import InvalidDeclaration
from domain.unit import Unit

FILE = "changed_circuits.json"
SHA256 = r"^sha256:[0-9a-f]{64}$"


class ChangedCircuit(BaseModel):
    """A circuit whose candidate was registered. metrics of candidate and champion are of the same rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plant_id: str
    circuit_id: str
    model_name: str = Field(min_length=1)
    model_version: str = Field(min_length=1)
    model_digest: str = Field(pattern=SHA256)
    data_asset: str = Field(min_length=1)
    cutoff_date: date
    data_report_digest: str = Field(pattern=SHA256)
    training_job: str = Field(min_length=1)
    metrics: dict[str, float]
    champion_version: str | None = None
    champion_metrics: dict[str, float] | None = None

    @property
    def unit(self) -> Unit:
        """The circuit."""
        return Unit(plant=self.plant_id, circuit=self.circuit_id)


class ChangedCircuits(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str = Field(min_length=1)
    build_id: str = Field(min_length=1)
    code_commit: str = Field(min_length=1)
    circuits: tuple[ChangedCircuit, ...] = Field(min_length=1)

    @classmethod
    def parse(cls, content: str | dict[str, Any], known: Collection[Unit]) -> "ChangedCircuits":
        """Read the file; InvalidDeclaration names every fault in it. known: the workload's circuits."""
        if isinstance(content, str):
            try:
                content = json.loads(content)
            except ValueError as error:
                raise InvalidDeclaration([f"{FILE}: not JSON: {error}"]) from error
        try:
            changed = cls.model_validate(content)
        except ValidationError as error:
            raise InvalidDeclaration(
                [
                    f"{FILE}: {'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
                    for fault in error.errors()
                ]
            ) from error
        names = Counter(f"{circuit.plant_id}/{circuit.circuit_id}" for circuit in changed.circuits)
        circuits = {str(unit) for unit in known}
        faults = [f"{FILE}: {name} is listed {count} times" for name, count in names.items() if count > 1]
        faults += [
            f"{FILE}: {name} is not a circuit of {changed.workload}; there are {', '.join(sorted(circuits))}"
            for name in names
            if name not in circuits
        ]
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
