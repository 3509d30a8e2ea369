"""Facts are appended once each, whatever becomes of the answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from own_faults import OwnFaults
from prefect import flow

from domain.fact import Kind, chain_faults
from tasks.ledger import append_fact, read_facts, record


@pytest.mark.parametrize("times", [1, 7])
def test_a_fact_whose_answer_is_lost_is_written_once(site: Any, faults: OwnFaults, times: int) -> None:
    workload = f"lost{times}"
    faults.add("lost_answer", method="PUT", path=rf"ledger/{workload}/", times=times)

    @flow
    def writes() -> None:
        for kind in (Kind.REQUESTED, Kind.REFUSED, Kind.REFUSED):
            record(site.ledger, workload, "20260101.1", kind, {"stage": "registry", "parts": ("a", None)})

    writes()
    facts = read_facts(site.ledger, workload, "20260101.1")
    assert [fact.kind for fact in facts] == [Kind.REQUESTED, Kind.REFUSED, Kind.REFUSED]
    assert chain_faults(facts) == ()


def test_an_attempt_that_comes_again_finds_its_fact_below_newer_ones(site: Any) -> None:
    at, body = datetime.now(UTC), {"stage": "test"}
    first = append_fact.fn(site.ledger, "again", "20260101.1", Kind.REQUESTED, body, at)
    append_fact.fn(site.ledger, "again", "20260101.1", Kind.DEPLOYED, body, at)
    assert append_fact.fn(site.ledger, "again", "20260101.1", Kind.REQUESTED, body, at) == first
    assert len(read_facts(site.ledger, "again", "20260101.1")) == 2
