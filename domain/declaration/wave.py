"""A stage's circuits switch in waves: canaries first, then, when they have soaked, the others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from domain.candidate.changed_circuits import ChangedCircuit
from domain.text import did_you_mean, listed
from domain.unit import CircuitName

REST = "rest"
NAMED = "named"


def _form(circuits: object) -> str | None:
    """The tag of the circuits of a wave; None where they are neither."""
    if circuits == REST:
        return REST
    return NAMED if isinstance(circuits, list | tuple) else None


Circuits = Annotated[
    Annotated[Literal["rest"], Tag(REST)] | Annotated[tuple[CircuitName, ...], Field(min_length=1), Tag(NAMED)],
    Discriminator(
        _form,
        custom_error_type="wanted",
        custom_error_message="must be a list of PLANT/CIRCUIT names, or rest",
    ),
]


class Wave(BaseModel):
    """circuits: PLANT/CIRCUIT names, or `rest` in the last wave. soak_minutes: before the next wave begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    circuits: Circuits
    soak_minutes: float = Field(default=0, ge=0, le=14 * 24 * 60, allow_inf_nan=False)


def faults_of_waves(waves: Sequence[Wave], circuits: Sequence[str]) -> Iterator[str]:
    """Circuits that waves miss, repeat, or do not know. circuits: all of the workload."""
    named = Counter(name for wave in waves if wave.circuits != REST for name in wave.circuits)
    for name, times in named.items():
        if name not in circuits:
            yield f"{name} is not one of its circuits{did_you_mean(name, circuits)}"
        if times > 1:
            yield f"{name} is named {times} times; each circuit switches once"
    if any(wave.circuits == REST for wave in waves[:-1]):
        yield "rest takes all circuits that are left, so it can only be the last wave"
    missed = [name for name in circuits if name not in named]
    if waves and waves[-1].circuits == REST:
        if not missed:
            yield "rest is empty: every circuit is in a wave already"
    elif waves and missed:
        yield f"no wave includes {listed(missed)}; name them, or end with a wave of `circuits: rest`"


def waves_of(waves: Sequence[Wave], units: Sequence[ChangedCircuit]) -> list[tuple[tuple[ChangedCircuit, ...], float]]:
    """A release's circuits as they switch, and the minutes to soak after each; one wave where none is declared.

    A wave none of whose circuits is released is left out, and its soak with it. After the last nothing soaks.
    """
    left, found = list(units), []
    for wave in waves:
        wanted = {str(unit.unit) for unit in left} if wave.circuits == REST else set(wave.circuits)
        mine = [unit for unit in left if str(unit.unit) in wanted]
        left = [unit for unit in left if str(unit.unit) not in wanted]
        if mine:
            found.append((tuple(mine), wave.soak_minutes))
    if left:
        found.append((tuple(left), 0.0))
    if found:
        found[-1] = (found[-1][0], 0.0)
    return found
