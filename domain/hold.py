"""What was rolled back is held: nothing pushes it again until a person says so. A newer release is not held."""

from collections.abc import Sequence

from domain.fact import Fact, Kind


def hold_of(facts: Sequence[Fact]) -> Fact | None:
    """The hold on a release; None when there is none, or a person has ended it."""
    for fact in reversed(facts):
        if fact.kind is Kind.UNHELD:
            return None
        if fact.kind is Kind.HELD:
            return fact
    return None
