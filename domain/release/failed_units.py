"""Circuits of an independent fleet that failed on the way, while the others went on."""

from collections.abc import Sequence

from domain.candidate.changed_circuits import ChangedCircuit
from domain.ledger.fact import Fact, Kind, facts_of
from domain.release.manifest import Release


def failed_units(facts: Sequence[Fact]) -> dict[str, str]:
    """Circuit → at which stage it failed, and why."""
    return {
        circuit: f"{fact.stage}: {reason}"
        for fact in facts_of(facts, Kind.DROPPED)
        for circuit, reason in fact.body["units"].items()
    }


def active_units(release: Release, facts: Sequence[Fact]) -> tuple[ChangedCircuit, ...]:
    """Those of the release that are still on their way, in its order."""
    gone = failed_units(facts)
    return tuple(unit for unit in release.units if str(unit.unit) not in gone)
