"""The images that a release built, by its facts."""

from collections.abc import Sequence

from domain.ledger.fact import Fact, Kind, facts_of
from domain.unit import Unit


def builds_begun(facts: Sequence[Fact], stage: str) -> dict[str, str]:
    """Circuit → the registry's run that makes its image."""
    return {name: run for fact in facts_of(facts, Kind.BUILDING, stage) for name, run in fact.body["runs"].items()}


def built_digest(facts: Sequence[Fact], unit: Unit) -> str:
    """`sha256:…` of the circuit's image; empty where the release built none."""
    for fact in facts_of(facts, Kind.PROMOTED):
        image = fact.body.get("images", {}).get(str(unit))
        if image is not None:
            return str(image).rpartition("@")[2]
    return ""
