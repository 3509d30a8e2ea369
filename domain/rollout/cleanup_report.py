"""What a clean-up of a stage's endpoints came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_REASON = 200
"""Characters of a reason that the ledger keeps."""


@dataclass(frozen=True)
class CleanupReport:
    """Deployments by number, and by name where something was done.

    endpoints, serving, for_rollback, others: what is still there; others may be waiting, were made by hand, or are old and were
    missed. removed: endpoint → names. removed_endpoints: that had nothing left. missed: "NAME of ENDPOINT", or ENDPOINT →
    why it is still there; the next clean-up tries again.
    """

    endpoints: int = 0
    serving: int = 0
    for_rollback: int = 0
    others: int = 0
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed_endpoints: tuple[str, ...] = ()
    missed: Mapping[str, str] = field(default_factory=dict)

    @property
    def there(self) -> int:
        """Deployments that are still there."""
        return self.serving + self.for_rollback + self.others

    @property
    def removals(self) -> int:
        """Deployments that are gone."""
        return sum(len(names) for names in self.removed.values())

    def body(self, stage: str) -> dict[str, Any]:
        """Of the facts `cleaned` and `discarded`."""
        return {
            "stage": stage,
            "removed": {endpoint: list(names) for endpoint, names in self.removed.items()},
            "removed_endpoints": list(self.removed_endpoints),
            "kept": self.there,
            "missed": {what: why[:LONGEST_REASON] for what, why in self.missed.items()},
        }
