"""What a circuit and a fact cost in requests, from what the emulator's journal has."""

from benchmarks.requests import Asked, row
from emulator.controls.journal import Entry

LEDGER = "ledger.blob.core.windows.net"


def entry(method: str, path: str, host: str = LEDGER, status: int = 201) -> Entry:
    return Entry("2026-01-01T00:00:00Z", method, host, path, status, 1.0)


def test_facts_are_what_was_written_as_one_and_polls_are_left_out() -> None:
    asked = [
        entry("PUT", "/ledger/plants/20260101.1/000000.json"),
        entry("PUT", "/ledger/plants/20260101.1/000001.json?timeout=20"),
        entry("PUT", "/ledger/plants/20260101.1/000001.json", status=409),
        entry("PUT", "/ledger/plants/rollback-0a1b2c3d4e/000000.json"),
        entry("GET", "/ledger/plants/20260101.1/000000.json", status=200),
        entry("PUT", "/ledger/leases/plants/test.json"),
        entry("PUT", "/batchEndpoints/be", host="management.azure.com"),
        entry("GET", "/batchEndpoints/be/operationsStatus/1", host="management.azure.com"),
    ]
    assert Asked.of(3, asked, LEDGER) == Asked(circuits=3, all=7, ledger=6, facts=3)


def test_a_circuit_costs_the_difference_between_two_fleets() -> None:
    told = row("release", Asked(4, 140, 40, 10), Asked(12, 300, 44, 11)).split()
    assert told == ["release", "300", "20.0", "11", "44", "4.0"]


def test_a_run_that_wrote_no_fact_costs_none() -> None:
    assert row("rollback", Asked(1, 10, 0, 0), Asked(2, 20, 0, 0)).split()[-1] == "0.0"
