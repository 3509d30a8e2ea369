"""How a release ended, by its facts: as it was written down first."""

from collections.abc import Sequence

from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, facts_of
from domain.outcome import Outcome, ReleaseOutcome


def ending_of(facts: Sequence[Fact]) -> ReleaseOutcome | None:
    """None while it is under way; Terminal where what is written there is no outcome."""
    for fact in facts_of(facts, Kind.ENDED):
        said = str(fact.body.get("outcome"))
        try:
            return ReleaseOutcome(Outcome(said), str(fact.body.get("reason", "")))
        except ValueError as error:
            raise Terminal(
                f"how release {fact.release} ended cannot be read: fact {fact.sequence} says {said!r}. See `signalbox audit {fact.release} --workload {fact.workload}`"
            ) from error
    return None


def shown_ending(facts: Sequence[Fact]) -> ReleaseOutcome | None:
    """For those who only look: ERRORED, with the reason, where it cannot be read, because a person has to see to it."""
    try:
        return ending_of(facts)
    except Terminal as error:
        return ReleaseOutcome(Outcome.ERRORED, str(error))
