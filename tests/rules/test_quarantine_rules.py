"""What is no fact stops the release among whose facts it lies, and no other."""

import pytest
from twins import TinyTwin, Twins

from domain.ledger.fact import Kind
from flows.rollback import rollback
from tasks.ledger import stored_facts
from tasks.ledger.facts import read_facts, record
from tasks.ledger.stored_facts import MAX_FACT_BYTES, QuarantinedError


@pytest.fixture
def spoilt(twins: Twins, tiny: TinyTwin, request: pytest.FixtureRequest) -> str:
    """The first of two releases, among whose facts somebody put something else."""
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    first = twins.names(tiny)[1]
    name, content = request.param
    twins.blobs.upload_blob(f"{tiny.name}/{first}/{name}", content)
    return first


def test_a_release_of_more_blobs_than_any_has_facts_is_not_read(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    monkeypatch.setattr(stored_facts, "MAX_FACTS", 5)
    with pytest.raises(QuarantinedError, match=r"has more than 5 blobs, and no release has so many facts, "):
        read_facts(twins.ledger, tiny.name, twins.names(tiny)[0])


SPOILT = pytest.mark.parametrize(
    "spoilt",
    [
        ("000099.json", b"{"),
        ("000099.json", b'{"kind": "ended"}'),
        ("notes.txt", b"do not roll this back"),
        ("000099.json", b"\xff" * 10),
        ("000099.json", b"[" * (MAX_FACT_BYTES + 1)),
    ],
    indirect=True,
    ids=["no JSON", "no fact", "another file", "no text", "too large"],
)


@SPOILT
def test_other_releases_begin_end_and_are_rolled_back(twins: Twins, tiny: TinyTwin, spoilt: str) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    third, second, _ = twins.names(tiny)
    assert twins.serving(tiny, "production") == [third, third]
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert twins.serving(tiny, "production") == [second, second]


@SPOILT
def test_nothing_is_read_of_it_or_added(twins: Twins, tiny: TinyTwin, spoilt: str) -> None:
    with pytest.raises(QuarantinedError, match=rf"{tiny.name}/{spoilt}/.* in the ledger is not a fact"):
        read_facts(twins.ledger, tiny.name, spoilt)
    with pytest.raises(QuarantinedError, match="nothing is read of its release or added to it"):
        record(twins.ledger, tiny.name, spoilt, Kind.UNHELD, {})
