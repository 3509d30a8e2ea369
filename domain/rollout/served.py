"""What serves circuits at a stage, as Azure says now."""

from collections import Counter
from dataclasses import dataclass

READY = "Succeeded"
"""The state of a deployment that can serve, as Azure says it."""


@dataclass(frozen=True)
class Served:
    """What serves one circuit. deployment: empty where nothing does. The rest as the deployment and its tags say; empty where they do not."""

    circuit: str
    deployment: str = ""
    state: str = ""
    model: str = ""
    version: str = ""
    release: str = ""
    cutoff_date: str = ""
    deployed_at: str = ""

    @property
    def well(self) -> bool:
        """Whether something serves, and can."""
        return self.state == READY


@dataclass(frozen=True)
class StageServed:
    """A stage and what serves its circuits. fault: why that could not be read; empty where it was."""

    stage: str
    circuits: tuple[Served, ...] = ()
    fault: str = ""

    @property
    def nothing(self) -> tuple[str, ...]:
        """Circuits where nothing serves."""
        return tuple(one.circuit for one in self.circuits if not one.deployment)

    @property
    def releases(self) -> dict[str, int]:
        """Release → how many circuits it serves, the most first. What no release made is not counted."""
        return dict(Counter(one.release for one in self.circuits if one.release).most_common())
