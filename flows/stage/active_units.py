"""The circuits of a release that are still on their way, and what it means for all when some fail."""

from collections.abc import Mapping
from dataclasses import dataclass

from prefect import get_run_logger

from domain.candidate.changed_circuits import ChangedCircuit
from domain.ledger.fact import Kind
from domain.release.failed_units import active_units
from domain.release.manifest import Release
from flows.stage.stage_run import StageRun


@dataclass(frozen=True)
class Fleet:
    """alone: circuits fail by themselves, and the others go on. (`fleet: independent` in workload.yaml.)"""

    at: StageRun
    release: Release
    alone: bool

    def units(self) -> tuple[ChangedCircuit, ...]:
        """Those that have not failed, here or below, in the release's order."""
        return active_units(self.release, self.at.facts())

    def ends_by(self, failures: Mapping[str, str]) -> bool:
        """Whether these failures end the release; where others can go on without them, that is written down.

        failures: circuit → reason.
        """
        if not failures:
            return False
        if not self.alone or len(failures) >= len(self.units()):
            return True
        drop(self.at, failures)
        return False


def drop(at: StageRun, failures: Mapping[str, str]) -> None:
    """Write down that these circuits go no further. failures: circuit → reason."""
    at.write(Kind.DROPPED, {"units": dict(failures)})
    for name, reason in failures.items():
        get_run_logger().error("%s stops here, the others go on: %s", name, reason)
