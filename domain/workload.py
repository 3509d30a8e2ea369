"""What a team trains and serves, as it is declared in workload.yaml."""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import Terminal
from domain.evaluation import Evaluation
from domain.stage import Stage
from domain.unit import Unit


class Part(BaseModel):
    """A section of the declaration: no unknown keys, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Plant(Part):
    """A plant and its circuits."""

    plant: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")
    circuits: tuple[str, ...] = Field(min_length=1)


class Data(Part):
    """raw: folder with {plant}. starts: first day of data. pipeline: file. timestamp: column. expectations: Great Expectations'."""

    raw: str = Field(pattern=r"^azureml://datastores/[A-Za-z0-9_]+/paths/.+$")
    starts: date
    pipeline: Path
    timestamp: str
    expectations: tuple[dict[str, Any], ...] = Field(min_length=1)

    def raw_for(self, unit: Unit) -> str:
        """The folder with the plant's raw data."""
        return self.raw.format(plant=unit.plant, circuit=unit.circuit)


class Compute(Part):
    """A cluster of machines. size: Azure's VM size. idle_seconds: before it scales down."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$")
    size: str = Field(min_length=1)
    max_instances: int = Field(ge=1, le=1000)
    idle_seconds: int = Field(default=120, ge=1)


class Training(Part):
    """pipeline: file. holdout_days: the last days before the cutoff, on which candidate and champion are compared."""

    pipeline: Path
    holdout_days: int = Field(ge=1)
    compute: Compute


class ScoringEnvironment(Part):
    """A container image and a conda file on top of it."""

    image: str = Field(min_length=1)
    conda: Path


class Scoring(Part):
    """What a batch deployment runs. code: folder; script: in it."""

    code: Path
    script: str = Field(min_length=1)
    environment: ScoringEnvironment


class Workload(Part):
    """One team's models on their way to production. folder: where the declaration and its files are."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    description: str = Field(min_length=1)
    code: Path = Path()
    plants: tuple[Plant, ...] = Field(min_length=1, alias="units")
    data: Data
    training: Training
    evaluation: Evaluation
    scoring: Scoring
    stages: tuple[Stage, ...] = Field(min_length=1)
    folder: Path

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every circuit, in the declared order."""
        return tuple(Unit(plant=plant.plant, circuit=circuit) for plant in self.plants for circuit in plant.circuits)

    def chosen_units(self, names: list[str] | None) -> tuple[Unit, ...]:
        """The circuits named, all when none is; Terminal naming every one that is unknown or repeated."""
        if names is None:
            return self.units
        chosen = [Unit.parse(name) for name in names]
        unknown = [str(unit) for unit in chosen if unit not in self.units]
        repeated = sorted({str(unit) for unit in chosen if chosen.count(unit) > 1})
        if unknown or repeated or not chosen:
            reasons = [f"not in {self.name}: {', '.join(unknown)}"] if unknown else []
            reasons += [f"named twice: {', '.join(repeated)}"] if repeated else []
            reasons += ["none was named"] if not chosen else []
            raise Terminal(
                f"these circuits cannot be used ({'; '.join(reasons)}); there are {', '.join(map(str, self.units))}"
            )
        return tuple(chosen)

    def stage(self, name: str) -> Stage:
        """The stage of that name; Terminal, with those there are, when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise Terminal(
            f"{self.name} has no stage {name!r}; its stages are {', '.join(stage.name for stage in self.stages)}"
        )

    def before(self, name: str) -> tuple[Stage, ...]:
        """The stages below one."""
        names = [stage.name for stage in self.stages]
        return self.stages[: names.index(self.stage(name).name)]

    @property
    def scoring_folder(self) -> Path:
        """The folder with the scoring code."""
        return self.folder / self.scoring.code

    @property
    def conda_file(self) -> Path:
        """The scoring environment's conda file."""
        return self.folder / self.scoring.environment.conda
