"""The point where approvers decide."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from domain.identifiers import GroupName


class Gate(BaseModel):
    """A gate of a stage. group: whose members may decide. timeout_minutes: after which the release is EXPIRED."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    group: GroupName
    timeout_minutes: int = Field(default=1440, ge=1, le=60 * 24 * 30)
    instructions: str = Field(min_length=1, max_length=4000)
    checklist: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(default=(), max_length=20)
