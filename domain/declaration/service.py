"""A container that answers over HTTP, as workload.yaml declares it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from domain.identifiers import UrlPath


class Service(BaseModel):
    """What the images of a workload are built from, and how one is asked.

    folder: the build context, to whose `model/` the released model's files are added. health: answers 200 while the process is up;
    ready: while it serves. Ports and paths are of every container.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    dockerfile: Path = Path("Dockerfile")
    port: int = Field(default=8080, ge=1, le=65535)
    health: UrlPath = "/health"
    ready: UrlPath = "/ready"
