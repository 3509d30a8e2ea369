"""A release that was begun, for tests of what comes after."""

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuits
from domain.release.manifest import Release
from flows.promotion import earlier_releases


def begin(ledger: Ledger, changed: ChangedCircuits, requested_by: str, only: str | None = None) -> Release:
    """Of these models: the one under way, or a new one."""
    earlier = earlier_releases.earlier_releases(ledger, changed, requested_by, only)
    return earlier.under_way or earlier_releases.begin(ledger, changed, requested_by, earlier, only)
