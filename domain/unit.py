"""The smallest part of a workload with a model of its own: a circuit of a plant."""

from functools import total_ordering
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from domain.errors import Terminal
from domain.identifiers import PlantId


@total_ordering
class Unit(BaseModel):
    """A circuit of a plant, written PLANT/CIRCUIT."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plant: PlantId
    circuit: PlantId

    def __str__(self) -> str:
        return f"{self.plant}/{self.circuit}"

    def __lt__(self, other: "Unit") -> bool:
        return (self.plant, self.circuit) < (other.plant, other.circuit)

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """Read PLANT/CIRCUIT; Terminal when it is something else."""
        plant, _, circuit = text.strip().partition("/")
        try:
            return cls(plant=plant, circuit=circuit)
        except ValidationError as error:
            raise Terminal(
                f"{text[:100]!r} is not a circuit; write PLANT/CIRCUIT with letters, digits and hyphens, "
                "such as PLANT001/CIRCUIT01"
            ) from error


def _named(text: str) -> str:
    try:
        return str(Unit.parse(text))
    except Terminal as error:
        raise ValueError(str(error)) from error


CircuitName = Annotated[str, AfterValidator(_named)]
"""PLANT/CIRCUIT, as text."""
