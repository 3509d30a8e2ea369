"""An owner has facts count that nobody signed who is a writer: those from before the environment signed, or by a key that was withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass

from blocks.ledger import Ledger
from domain.errors import Terminal
from domain.ledger.fact import Fact, chain_faults
from tasks.ledger.facts import release_names
from tasks.ledger.stored_facts import QuarantinedError, stored_facts
from tasks.ledger.trust import TRUST, known_writers, take_over


@dataclass(frozen=True)
class TakenOver:
    """taken: WORKLOAD/RELEASE → its newest fact. left: what could not be taken over, and why."""

    taken: dict[str, Fact]
    left: dict[str, str]


def take_over_releases(ledger: Ledger, workloads: Iterable[str], chosen: str | None = None) -> TakenOver:
    """Have every release count that does not, or one alone. Their chains have to hold.

    Terminal where the environment does not sign, and for a chosen release that counts already.
    """
    trust = known_writers()
    if trust is None:
        raise Terminal(
            f"this environment does not sign its ledger ({TRUST} is not set), so all facts count; there is nothing to take over"
        )
    taken: dict[str, Fact] = {}
    left: dict[str, str] = {}
    for workload in workloads:
        for name in [one for one in release_names(ledger, workload) if chosen in (None, one)]:
            release = f"{workload}/{name}"
            try:
                facts = stored_facts(ledger, workload, name)
            except QuarantinedError as error:
                left[release] = str(error)
                continue
            if not trust.faults_of(facts):
                continue
            if broken := chain_faults(facts):
                left[release] = "; ".join(broken)
            else:
                taken[release] = facts[-1]
    if taken:
        take_over({release: newest.digest for release, newest in taken.items()})
    return TakenOver(taken, left)
