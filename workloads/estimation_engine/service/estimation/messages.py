"""What the service is asked and what it answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .house import House

MOST_ROWS = 1000


class Question(BaseModel):
    """Houses whose prices are wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rows: Annotated[list[House], Field(min_length=1, max_length=MOST_ROWS)]


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str


class Estimate(BaseModel):
    """price: US dollars. outside_training: fields in which this house is unlike any that the model learned from."""

    price: float
    outside_training: list[str]


class Answer(BaseModel):
    """One estimate a row, in the order of the rows."""

    model: ModelName
    estimates: list[Estimate]


class Status(BaseModel):
    """Whether the process is up, or the model is served."""

    status: Literal["up", "ready"]


class Reason(BaseModel):
    """where: the part of the request, such as rows[3].lot_area."""

    where: str
    reason: str


class Problem(BaseModel):
    """Why there is no answer. code: for programs; message: for people."""

    code: str
    message: str
    request_id: str
    reasons: list[Reason] = []
