"""A release: an immutable manifest. Its identity is the sha256 of its canonical JSON."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.canonical import canonical_json, digest_of
from domain.changed_circuits import ChangedCircuit, ChangedCircuits

NAME = re.compile(r"(\d{8})\.(\d+)")


class Release(BaseModel):
    """What is released: for each circuit the model's name, version and content digest, its data, and how it was judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str
    name: str = Field(pattern=r"^\d{8}\.[1-9]\d*$")
    created_at: AwareDatetime
    requested_by: str
    build_id: str
    code_commit: str
    units: tuple[ChangedCircuit, ...] = Field(min_length=1)

    @classmethod
    def of(cls, changed: ChangedCircuits, name: str, created_at: datetime, requested_by: str) -> "Release":
        """The manifest of what training handed over, circuits in order."""
        return cls(
            workload=changed.workload,
            name=name,
            created_at=created_at,
            requested_by=requested_by,
            build_id=changed.build_id,
            code_commit=changed.code_commit,
            units=tuple(sorted(changed.circuits, key=lambda circuit: circuit.unit)),
        )

    def canonical_json(self) -> bytes:
        """What the digest is taken of."""
        return canonical_json(self)

    @cached_property
    def digest(self) -> str:
        """The release's identity: change one byte and it is another release."""
        return digest_of(self.canonical_json())


def next_name(day: date, taken: Iterable[str]) -> str:
    """`YYYYMMDD.N`, N being the first number of that day that is free."""
    stem = day.strftime("%Y%m%d")
    numbers = [int(found[2]) for name in taken if (found := NAME.fullmatch(name)) and found[1] == stem]
    return f"{stem}.{max(numbers, default=0) + 1}"
