"""Aim: have an environment that signs act on what is not signed, as it did before it signed."""

from pathlib import Path

import pytest
from storage_hands import StorageHands
from test_write_facts_without_a_key import waiting
from tiny import APPROVE
from twins import TinyTwin, Twins

from domain.approval.audit import audit
from domain.errors import Terminal
from domain.ledger.fact import Kind
from tasks.ledger.facts import read_facts, record
from tasks.ledger.taking_over import take_over_releases
from tasks.ledger.trust import KEY, TRUST, known_writers


@pytest.fixture
def unsigned(monkeypatch: pytest.MonkeyPatch, keys: Path) -> pytest.MonkeyPatch:
    """The environment does not sign yet."""
    monkeypatch.delenv(TRUST)
    monkeypatch.delenv(KEY)
    return monkeypatch


def sign(patch: pytest.MonkeyPatch, keys: Path) -> None:
    patch.setenv(TRUST, str(keys / "trust"))
    patch.setenv(KEY, str(keys / "writer"))


def test_a_whole_release_that_is_not_signed_is_not_gone_on_with(
    twins: Twins, tiny: TinyTwin, keys: Path, unsigned: pytest.MonkeyPatch
) -> None:
    changed = waiting(twins, tiny)
    sign(unsigned, keys)
    with twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(tiny, changed)
    assert state.is_failed()
    assert "fact 0 (requested) does not count: nobody signed it" in (state.message or "")
    assert seen == []


def test_an_environment_that_begins_to_sign_in_the_middle_of_a_release_goes_on_once_it_is_taken_over(
    twins: Twins, tiny: TinyTwin, keys: Path, hands: StorageHands, unsigned: pytest.MonkeyPatch
) -> None:
    changed = waiting(twins, tiny)
    before = len(hands.facts())
    sign(unsigned, keys)
    done = take_over_releases(twins.ledger, [tiny.name])
    assert [*done.taken] == [f"{tiny.name}/{twins.names(tiny)[0]}"]
    assert done.left == {}
    assert twins.release(tiny, changed).name == "Succeeded"
    facts = hands.facts()
    assert [one.signature is not None for one in facts] == [False] * before + [True] * (len(facts) - before)
    found = audit(facts, twins.approvers(), ("registry", "production"), known_writers())
    assert found.faults == ()
    assert found.writers == {"nobody (not signed)": before, "laptop": len(facts) - before}
    assert take_over_releases(twins.ledger, [tiny.name]).taken == {}  # nothing is left to take over


@pytest.mark.parametrize("how", ["changed", "cut off"])
def test_what_was_taken_over_stays_as_it_was(
    twins: Twins, tiny: TinyTwin, keys: Path, hands: StorageHands, unsigned: pytest.MonkeyPatch, how: str
) -> None:
    changed = waiting(twins, tiny)
    sign(unsigned, keys)
    take_over_releases(twins.ledger, [tiny.name])
    if how == "changed":
        hands.rewrite(hands.facts()[0], lambda body: body["release"].update(requested_by="somebody else"))
    else:
        hands.cut(2)
    state = twins.release_as_answered(tiny, changed)
    assert "and the ledger holds none such: it was changed or cut off" in (state.message or "")


def test_what_is_written_after_it_was_taken_over_has_to_be_signed(
    twins: Twins, tiny: TinyTwin, keys: Path, hands: StorageHands, unsigned: pytest.MonkeyPatch
) -> None:
    changed = waiting(twins, tiny)
    sign(unsigned, keys)
    take_over_releases(twins.ledger, [tiny.name])
    forged = hands.append(Kind.PROMOTED, {"stage": "registry", "units": {}})
    state = twins.release_as_answered(tiny, changed)
    assert f"fact {forged.sequence} (promoted) does not count: nobody signed it" in (state.message or "")


def test_a_broken_chain_is_not_taken_over(
    twins: Twins, tiny: TinyTwin, keys: Path, hands: StorageHands, unsigned: pytest.MonkeyPatch
) -> None:
    waiting(twins, tiny)
    last = hands.facts()[0]
    hands.put(last.slot, last.stored().replace(b"linus", b"mona"))
    sign(unsigned, keys)
    done = take_over_releases(twins.ledger, [tiny.name])
    assert done.taken == {}
    assert "was changed after" in str(done.left)


def test_a_process_that_knows_no_writers_writes_nothing_among_signed_facts(
    twins: Twins, tiny: TinyTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(twins, tiny)
    release = twins.names(tiny)[0]
    monkeypatch.delenv(TRUST)
    monkeypatch.delenv(KEY)
    with pytest.raises(Terminal, match=f"is signed, and this process knows no writers: set {TRUST}"):
        record(twins.ledger, tiny.name, release, Kind.UNHELD, {})
    assert all(one.kind is not Kind.UNHELD for one in read_facts(twins.ledger, tiny.name, release))
