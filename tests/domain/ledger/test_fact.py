"""Facts are found by their kind, and by exactly their stage."""

from datetime import UTC, datetime

from domain.ledger.fact import Fact, Kind, facts_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_facts_of_a_stage_are_of_that_stage_alone() -> None:
    facts: list[Fact] = []
    for kind, stage in [(Kind.VERIFIED, "a"), (Kind.VERIFIED, "m"), (Kind.SWITCHED, "m"), (Kind.VERIFIED, "z")]:
        before = facts[-1] if facts else None
        facts.append(Fact.after(before, workload="w", release="20260301.1", kind=kind, at=NOON, body={"stage": stage}))
    assert facts_of(facts, Kind.VERIFIED, "m") == (facts[1],)
    assert facts_of(facts, Kind.VERIFIED) == (facts[0], facts[1], facts[3])
    assert facts_of(facts, Kind.HELD, "m") == ()
