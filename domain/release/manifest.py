"""A release: an immutable manifest. Its identity is the sha256 of its canonical JSON."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.canonical_json import canonical_json, digest_of
from domain.declaration.gate import Role
from domain.errors import Terminal
from domain.ledger.fact import Fact
from domain.utc import Moment


class Release(BaseModel):
    """What is released: for each circuit the model's name, version and digest, its data, and how it was judged."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    workload: str = Field(min_length=1)
    name: str = Field(pattern=r"^\d{8}\.[1-9]\d*$")
    created_at: Moment
    requested_by: str
    build_id: str
    code_commit: str
    code_author: str = ""
    units: tuple[ChangedCircuit, ...] = Field(min_length=1)

    @field_validator("units")
    @classmethod
    def _each_once(cls, units: tuple[ChangedCircuit, ...]) -> tuple[ChangedCircuit, ...]:
        names = [str(unit.unit) for unit in units]
        repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if repeated:
            raise ValueError(f"listed more than once: {', '.join(repeated)}")
        return units

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
            code_author=changed.code_author,
            units=tuple(sorted(changed.circuits, key=lambda circuit: circuit.unit)),
        )

    def canonical_json(self) -> bytes:
        """What the digest is taken of."""
        return canonical_json(self)

    @property
    def digest(self) -> str:
        """The release's identity: change one byte and it is another release. Never cached: a copy would inherit it."""
        return digest_of(self.canonical_json())

    def people(self, role: Role) -> tuple[str, ...]:
        """Who had this to do with the release, each once, as they are called elsewhere; nobody where it is not known."""
        named = {
            Role.REQUESTER: (self.requested_by,),
            Role.COMMIT_AUTHOR: (self.code_author,),
            Role.DATA_PUBLISHER: tuple(unit.data_publisher for unit in self.units),
        }[role]
        return tuple(dict.fromkeys(name for name in named if name))


def requested_release(facts: Sequence[Fact]) -> Release:
    """The manifest, as it was requested; Terminal when what is stored is not what was digested."""
    release = Release.model_validate(facts[0].body["release"])
    if release.digest != facts[0].body["digest"]:
        raise Terminal(
            f"the stored manifest of release {release.name} has digest {release.digest}, not {facts[0].body['digest']}: it was changed"
        )
    return release


def readable_release(facts: Sequence[Fact]) -> Release | None:
    """The manifest; None where there is none, or it cannot be read, or was changed: of releases that are only looked at."""
    try:
        return requested_release(facts)
    except (Terminal, ValidationError, LookupError):
        return None
