"""A release that was begun, for tests of what comes after."""

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuits
from domain.release.manifest import Release
from flows.promotion import manifest


def begin(ledger: Ledger, changed: ChangedCircuits, requested_by: str, only: str | None = None) -> Release:
    """Of these models: the one under way, or a new one."""
    earlier = manifest.earlier_releases(ledger, changed, requested_by, only)
    return earlier.under_way or manifest.begin(ledger, changed, requested_by, earlier, only)
