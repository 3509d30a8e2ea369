"""Where a stage puts models: a family, told apart by `kind`."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.identifiers import BlockName, ComputeName, KubernetesVersion

HOURS_TO_LIVE = 24.0
"""Of what is deployed for a while, where none is declared. (Seed 001.)"""
FEWEST_KEPT = 2
"""What serves and what served before: with fewer there is no rollback."""


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


class ContainerRegistryTarget(BaseModel):
    """An image a circuit is built, with its model in it. registry: the block's name. timeout_minutes: of each build."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["container_registry"]
    registry: BlockName
    timeout_minutes: float = Field(default=30, gt=0, le=8 * 60, allow_inf_nan=False)


class ContainerInstanceTarget(BaseModel):
    """A container group a circuit. instances: the block's name. hours_to_live: None where it stays. (Seed 001, dev and QA.)

    notify: channels that are told before its time is up, as `domain.approval.notice` reads them; where there is none nobody is told, and it
    goes all the same. A group has one deployment at a time, so none is ever too many, and one that fails has put nothing there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["container_instance"]
    instances: BlockName
    cpu: float = Field(default=1.0, gt=0, le=4, allow_inf_nan=False)
    memory_gb: float = Field(default=1.5, gt=0, le=16, allow_inf_nan=False)
    hours_to_live: float | None = Field(default=HOURS_TO_LIVE, gt=0, le=24 * 90, allow_inf_nan=False)
    notify: tuple[str, ...] = Field(default=(), max_length=20)
    kept_deployments: ClassVar[int] = FEWEST_KEPT
    failed_deployments: ClassVar[Literal["keep", "delete"]] = "keep"


class HelmReleaseTarget(BaseModel):
    """A Helm release a circuit. cluster: the block's name. chart: folder; values: file, of what every circuit has. (Seed 001, production.)

    timeout_minutes: for what Helm itself does, its hooks among it. kept_revisions: of each release's history: a rollback target for each.
    The chart gets `image.repository`, `image.digest`, `model.name`, `model.version`, `model.digest`, `release`, and `signalbox`,
    what the release says of itself: see `domain.rollout.deployment_history`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["helm_release"]
    cluster: BlockName
    chart: Path
    values: Path | None = None
    timeout_minutes: float = Field(default=5, gt=0, le=60, allow_inf_nan=False)
    kept_revisions: int = Field(default=10, ge=2, le=100)
    kept_deployments: ClassVar[int] = FEWEST_KEPT
    failed_deployments: ClassVar[Literal["keep", "delete"]] = "keep"


class KubernetesManifestTarget(BaseModel):
    """A Deployment and its Service a circuit, applied with kubectl. (Seed 003.)

    cluster: the block's name. manifest: file in the workload's folder. kubernetes: the version whose fields it may use, as far as
    that is known without a cluster. A Deployment runs one release at a time, so none is ever too many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["kubernetes_manifest"]
    cluster: BlockName
    manifest: Path = Path("deployment.yaml")
    kubernetes: KubernetesVersion = "1.31"
    kept_deployments: ClassVar[int] = FEWEST_KEPT
    failed_deployments: ClassVar[Literal["keep", "delete"]] = "keep"


ReplacingTarget = ContainerInstanceTarget | HelmReleaseTarget | KubernetesManifestTarget
"""Where one deployment replaces the other, so that nothing can be asked before it serves."""
ServingTarget = BatchEndpointTarget | ReplacingTarget
"""Where models serve."""
PublishingTarget = ModelRegistryTarget | ContainerRegistryTarget
"""Where they are shared, for stages above to serve."""

Target = Annotated[PublishingTarget | ServingTarget, Field(discriminator="kind")]
