"""What a fleet may cost, and whether it does not cost more."""

from collections.abc import Mapping
from dataclasses import dataclass

SIZE, SMALLER = 1000, 100
"""Circuits: what most demands are about, and what growth is seen from."""
RATIO = 1.25
GROWTH = 1.10
MEGABYTES = 450.0
SLA_SECONDS = 120.0
"""Seed 002, rollback: "Execution: 1-2 minutes (update default deployment)"."""


@dataclass(frozen=True)
class Measured:
    """One flow and its floor. seconds of both; megabytes: of the flow's process at its peak; cpu: its seconds of both cores.

    stolen: seconds of processor time that the machine's host gave to others meanwhile: with many, the ratio says little.
    """

    circuits: int
    seconds: float
    floor: float
    megabytes: float
    task_runs: int
    cpu: float
    floor_cpu: float
    stolen: float = 0.0
    floor_stolen: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.seconds / self.floor

    @property
    def overhead(self) -> float:
        """Milliseconds a circuit over the floor."""
        return (self.seconds - self.floor) / self.circuits * 1000


@dataclass(frozen=True)
class Demand:
    """met: None where the sizes that were run do not tell."""

    text: str
    met: bool | None


def demands(
    releases: Mapping[int, Measured], rollbacks: Mapping[int, Measured], real_time: Mapping[int, float]
) -> list[Demand]:
    """Each, with the figure it is judged by. All by circuits; real_time: seconds of a rollback at Azure's pace."""
    made = []
    for name, measured in (("release", releases), ("rollback", rollbacks)):
        one, less = measured.get(SIZE), measured.get(SMALLER)
        made.append(_at_most(f"{name} of {SIZE}, times the floor", one.ratio if one else None, RATIO))
        growth = one.overhead / less.overhead if one and less and less.overhead > 0 else None
        made.append(_at_most(f"{name}, overhead a circuit at {SIZE} against {SMALLER}", growth, GROWTH))
    release = releases.get(SIZE)
    made.append(_at_most(f"release of {SIZE}, MB at its peak", release.megabytes if release else None, MEGABYTES))
    made.append(_at_most(f"rollback of {SIZE} at Azure's pace, seconds", real_time.get(SIZE), SLA_SECONDS))
    return made


def _at_most(what: str, found: float | None, limit: float) -> Demand:
    if found is None:
        return Demand(f"{what}: at most {limit:g}; not measured", None)
    return Demand(f"{what}: {found:.2f}, at most {limit:g}", found <= limit)
