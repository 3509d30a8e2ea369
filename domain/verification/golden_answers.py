"""Golden answers: input whose right output is known, circuit by circuit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.datastore_path import DatastorePath, folder_for
from domain.unit import CircuitName, Unit
from domain.verification.prediction_shift import Answers, usable

MOST_EXAMPLES = 3
LONGEST_NAME = 80


Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Golden(BaseModel):
    """Where golden input and its expected output are, with {plant} and {circuit}.

    data: folder. expected: CSV file with a header. tolerance: circuit → by how much a prediction may differ, in its own
    unit; circuits that are not named have no golden answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DatastorePath
    expected: DatastorePath
    tolerance: dict[CircuitName, Tolerance] = Field(min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> "Golden":
        if not self.data.endswith("/"):
            raise ValueError(f"data {self.data!r} is refused: a folder ends with /")
        if self.expected.startswith(self.data):
            raise ValueError(
                f"expected {self.expected!r} lies in data, where every file is scored; put it next to that folder"
            )
        return self

    def data_for(self, unit: Unit) -> str:
        """The circuit's golden input."""
        return folder_for(self.data, unit)

    def expected_for(self, unit: Unit) -> str:
        """The circuit's expected output."""
        return folder_for(self.expected, unit)

    def tolerance_for(self, unit: Unit) -> float | None:
        """None for a circuit without golden answers."""
        return self.tolerance.get(str(unit))


class GoldenAnswers(BaseModel):
    """How a candidate answered. rows: expected. misses: rows absent, unexpected, or further off than the tolerance.

    largest: of the differences, in the prediction's unit. examples: a few misses in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    misses: int
    largest: float
    examples: tuple[str, ...]


def golden_answers(candidate: Answers, expected: Answers, tolerance: float) -> GoldenAnswers:
    """Every expected row compared with what the candidate said. Expected answers are usable numbers, all of them."""
    misses: list[str] = []
    largest = 0.0
    for key in sorted(expected.keys() | candidate.keys()):
        name = " ".join(key)[:LONGEST_NAME]
        if key not in candidate:
            misses.append(f"{name}: no answer; expected {expected[key]:.6g}")
        elif key not in expected:
            misses.append(f"{name}: answered, but no such row is expected")
        elif not usable(candidate[key]):
            misses.append(f"{name}: no usable number; expected {expected[key]:.6g}")
        else:
            off = abs(candidate[key] - expected[key])
            largest = max(largest, off)
            if off > tolerance:
                misses.append(f"{name}: {candidate[key]:.6g}; expected {expected[key]:.6g} ± {tolerance:g}")
    return GoldenAnswers(
        rows=len(expected), misses=len(misses), largest=largest, examples=tuple(misses[:MOST_EXAMPLES])
    )
