"""What a team trains and serves, as it is declared in workload.yaml."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.candidate.evaluation import Evaluation
from domain.datastore_path import DatastorePath, folder_for
from domain.declaration.service import Service
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget, ContainerRegistryTarget, ModelRegistryTarget
from domain.errors import Terminal
from domain.identifiers import ComputeName, NamePrefix, PlantId, WorkloadName
from domain.naming import Naming, data_asset_name, model_name
from domain.text import did_you_mean, listed
from domain.unit import Unit


class Part(BaseModel):
    """A section of the declaration: no unknown keys, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Plant(Part):
    """A plant and its circuits."""

    plant: PlantId
    circuits: tuple[PlantId, ...] = Field(min_length=1)


class Data(Part):
    """Raw data and what it must be like.

    raw: folder with {plant}. starts: first day of data. pipeline: file. timestamp: column.
    expectations: Great Expectations' types, each with its arguments.
    """

    raw: DatastorePath
    starts: date
    pipeline: Path
    timestamp: str = Field(min_length=1)
    expectations: tuple[dict[str, Any], ...] = Field(min_length=1)

    def raw_for(self, unit: Unit) -> str:
        """The folder with the plant's raw data."""
        return folder_for(self.raw, unit)


class Compute(Part):
    """A cluster of machines. size: Azure's VM size. idle_seconds: before it scales down."""

    name: ComputeName
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
    """One team's models on their way to production. folder: where the declaration and its files are.

    prefix: before the names of all that it has in Azure, where another workload has the same circuits.
    fleet: whether one circuit that fails keeps all others back, or fails alone. scoring: what batch endpoints run; service: what
    containers do.
    """

    name: WorkloadName
    description: str = Field(min_length=1)
    code: Path = Path()
    prefix: NamePrefix = ""
    fleet: Literal["all_or_none", "independent"] = "all_or_none"
    plants: tuple[Plant, ...] = Field(min_length=1, alias="units")
    data: Data
    training: Training
    evaluation: Evaluation
    scoring: Scoring | None = None
    service: Service | None = None
    stages: tuple[Stage, ...] = Field(min_length=1)
    folder: Path = Field(exclude=True)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every circuit, in the declared order."""
        return tuple(Unit(plant=plant.plant, circuit=circuit) for plant in self.plants for circuit in plant.circuits)

    def model_name(self, unit: Unit) -> str:
        """Of a circuit's model, in every workspace and registry."""
        return model_name(unit, self.prefix)

    def data_asset_name(self, unit: Unit) -> str:
        """Of a circuit's data."""
        return data_asset_name(unit, self.prefix)

    def naming(self, prefix: str, suffix: str) -> Naming:
        """Of endpoints. prefix, suffix: the environment's."""
        return Naming(prefix + self.prefix, suffix)

    @property
    def independent(self) -> bool:
        """Whether circuits that fail leave the others going on."""
        return self.fleet == "independent"

    def chosen_units(self, names: Sequence[str] | None) -> tuple[Unit, ...]:
        """The circuits named, all when none is; Terminal naming every one that is unknown or repeated."""
        if names is None:
            return self.units
        units = {str(unit): unit for unit in self.units}
        chosen = [name.strip() for name in names]
        reasons = [
            f"{name} is not one of its circuits{did_you_mean(name, units)}" for name in chosen if name not in units
        ]
        reasons += [f"{name} is named twice" for name in dict.fromkeys(chosen) if chosen.count(name) > 1]
        reasons += [] if chosen else ["none was named"]
        if reasons:
            raise Terminal(
                f"these circuits of {self.name} cannot be used: {'; '.join(reasons)}. Its circuits are {listed(units)}"
            )
        return tuple(units[name] for name in chosen)

    def stage(self, name: str) -> Stage:
        """The stage of that name; Terminal, with those there are, when there is none."""
        stages = {stage.name: stage for stage in self.stages}
        if name not in stages:
            raise Terminal(
                f"{self.name} has no stage {name!r}{did_you_mean(name, stages)}; its stages are {listed(stages)}"
            )
        return stages[name]

    @property
    def model_registry(self) -> str:
        """The block name of the registry its models are published to; Terminal when no stage has one."""
        for stage in self.stages:
            if isinstance(stage.target, ModelRegistryTarget):
                return stage.target.registry
        raise Terminal(f"{self.name} has no stage with target kind model_registry, so its models cannot be shared")

    @property
    def registries(self) -> tuple[Stage, ...]:
        """The stages that models are published to."""
        return tuple(one for one in self.stages if isinstance(one.target, ModelRegistryTarget))

    @property
    def container_registry(self) -> str:
        """The block name of the registry its images are built in; Terminal when no stage has one."""
        for stage in self.stages:
            if isinstance(stage.target, ContainerRegistryTarget):
                return stage.target.registry
        raise Terminal(f"{self.name} has no stage with target kind container_registry, so it has no images")

    def before(self, name: str) -> tuple[Stage, ...]:
        """The stages below one."""
        return self.stages[: self.stages.index(self.stage(name))]

    def up_to(self, name: str | None) -> "Workload":
        """The same, as if its stages ended with that one; all of it where none is named."""
        if name is None:
            return self
        return self.model_copy(update={"stages": (*self.before(name), self.stage(name))})

    def images_for(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages below one that build what it runs: none where it runs models as they are."""
        if isinstance(stage.target, BatchEndpointTarget):
            return ()
        return tuple(one for one in self.before(stage.name) if isinstance(one.target, ContainerRegistryTarget))

    @property
    def batch_scoring(self) -> Scoring:
        """What a batch deployment runs; Terminal where none is declared."""
        if self.scoring is None:
            raise Terminal(f"{self.name} declares no scoring, so no batch endpoint can run it")
        return self.scoring

    @property
    def scoring_folder(self) -> Path:
        """The folder with the scoring code."""
        return self.folder / self.batch_scoring.code

    @property
    def conda_file(self) -> Path:
        """The scoring environment's conda file."""
        return self.folder / self.batch_scoring.environment.conda
