"""One rung of the ladder: where a release goes, who is asked first, how it is proven."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.canonical import canonical_json, digest_of
from domain.confirmation import Confirmation
from domain.gate import Gate
from domain.identifiers import BlockName, ComputeName, StageName
from domain.replay import Replay
from domain.smoke import SmokeTest
from domain.wave import Wave


class ModelRegistryTarget(BaseModel):
    """Models are promoted to a shared registry. registry: the block's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["model_registry"]
    registry: BlockName


class BatchEndpointTarget(BaseModel):
    """A batch endpoint a circuit. workspace: the block's name. retry_timeout_seconds: for one mini-batch.

    kept_deployments: of each endpoint, the serving one among them. failed_deployments: what becomes of the new ones of a
    release that fails before it switches.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["batch_endpoint"]
    workspace: BlockName
    compute: ComputeName
    vm_size: str = Field(min_length=1)
    instance_count: int = Field(default=1, ge=1, le=100)
    max_concurrency_per_instance: int = Field(default=1, ge=1, le=64)
    mini_batch_size: int = Field(default=10, ge=1)
    retry_timeout_seconds: int = Field(default=300, ge=1)
    error_threshold: int = Field(default=0, ge=-1)
    kept_deployments: int = Field(default=2, ge=2, le=20)
    failed_deployments: Literal["keep", "delete"] = "keep"


ServingTarget = BatchEndpointTarget
"""Where models serve."""

Target = Annotated[ModelRegistryTarget | ServingTarget, Field(discriminator="kind")]


class Stage(BaseModel):
    """A rung. The gate, if any, comes before anything is done; verification and replay after deploying, before the switch.

    confirmation: after the switch, and what fails it goes back by itself. waves: all circuits at once where none is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StageName
    target: Target
    gate: Gate | None = None
    verification: SmokeTest | None = None
    replay: Replay | None = None
    confirmation: Confirmation | None = None
    waves: tuple[Wave, ...] = ()

    @model_validator(mode="after")
    def _scores_and_switches(self) -> "Stage":
        if isinstance(self.target, ModelRegistryTarget):
            if self.replay is not None:
                raise ValueError("a model_registry scores nothing, so there is nothing to replay")
            if self.confirmation is not None:
                raise ValueError("a model_registry switches nothing, so there is nothing to confirm")
            if self.waves:
                raise ValueError("a model_registry switches nothing, so it has no waves")
        return self

    @property
    def policy_digest(self) -> str:
        """Of everything declared here. An approval is for the stage as shown."""
        return digest_of(canonical_json(self))
