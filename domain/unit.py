"""The smallest part of a workload with a model of its own: a circuit of a plant."""

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import Terminal


class Unit(BaseModel):
    """A circuit of a plant, written PLANT/CIRCUIT."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plant: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")
    circuit: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")

    def __str__(self) -> str:
        return f"{self.plant}/{self.circuit}"

    def __lt__(self, other: "Unit") -> bool:
        return (self.plant, self.circuit) < (other.plant, other.circuit)

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """Read PLANT/CIRCUIT; Terminal when it is something else."""
        plant, separator, circuit = text.strip().partition("/")
        if not separator or not plant or not circuit or "/" in circuit:
            raise Terminal(f"{text!r} is not a circuit; write PLANT/CIRCUIT, such as PLANT001/CIRCUIT01")
        return cls(plant=plant, circuit=circuit)
