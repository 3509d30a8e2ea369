"""Aim: have the release flow act on facts that no writer wrote: a verification, a switch, a rollback, an end."""

from typing import Any

import pytest
from storage_hands import OWN_KEY, StorageHands
from test_attacks import waits
from tiny import APPROVE
from twins import TinyTwin, Twins

from domain.candidate.changed_circuits import ChangedCircuits
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind
from domain.ledger.signature import SigningKey
from flows.rollback import rollback
from tasks.ledger.facts import read_facts, record
from tasks.ledger.stored_facts import QuarantinedError

FORGED: dict[Kind, dict[str, Any]] = {
    Kind.PROMOTED: {"stage": "registry", "units": {}},
    Kind.VERIFIED: {"stage": "test", "passed": True, "checks": []},
    Kind.SWITCHED: {"stage": "test", "after": {}, "left": 0},
    Kind.JOURNAL: {"stage": "production", "before": {}, "after": {}, "back": True, "hold": False, "fence": 1},
    Kind.ROLLED_BACK: {"stage": "production", "after": {}, "reason": "of course"},
    Kind.UNHELD: {"stage": "production", "by": "ada", "reason": "it is fine"},
    Kind.ENDED: {"stage": "production", "outcome": "SUCCEEDED", "reason": "it serves"},
}


def waiting(twins: Twins, tiny: TinyTwin) -> ChangedCircuits:
    """What a release carries that waits at the registry's gate: its run is no more."""
    changed = tiny.candidates()
    waits(twins, tiny, changed)
    return changed


@pytest.mark.parametrize("key", [None, OWN_KEY], ids=["unsigned", "by a key of their own"])
@pytest.mark.parametrize("kind", FORGED)
def test_nothing_is_done_with_a_release_that_has_such_a_fact(
    twins: Twins, tiny: TinyTwin, hands: StorageHands, kind: Kind, key: SigningKey | None
) -> None:
    changed = waiting(twins, tiny)
    forged = hands.append(kind, FORGED[kind], key)
    with twins.answering(APPROVE) as seen:
        state = twins.release_as_answered(tiny, changed)
    assert state.is_failed(), state
    why = "nobody signed it" if key is None else "no writer's"
    assert f"fact {forged.sequence} ({kind}) does not count" in (state.message or "")
    assert why in (state.message or "")
    assert seen == []
    assert twins.places["production"].endpoints == {}
    with pytest.raises(QuarantinedError, match="nothing is read of this release or added to it"):
        record(twins.ledger, tiny.name, forged.release, Kind.UNHELD, {})


def test_other_releases_go_on_and_are_rolled_back(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    for _ in range(2):
        assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    hands.append(Kind.ENDED, FORGED[Kind.ENDED])  # among the second's
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    third = twins.names(tiny)[0]
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    rollback(tiny.name, "production", reason="odd", dry_run=False)
    assert twins.serving(tiny, "production") == [third, third]


def test_a_fact_that_a_writer_signed_is_not_changed(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    """Its chain is made to hold again."""
    changed = waiting(twins, tiny)
    hands.rewrite(hands.facts()[0], lambda body: body["release"].update(requested_by="somebody else"))
    state = twins.release_as_answered(tiny, changed)
    assert "fact 0 (requested) does not count: it is not what laptop signed" in (state.message or "")


def test_a_signed_fact_does_not_count_at_another_place(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    """Of an earlier release that was verified, or once more after itself."""
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    verified = next(one for one in hands.facts() if one.kind is Kind.VERIFIED and one.stage == "test")
    changed = waiting(twins, tiny)
    release = twins.names(tiny)[0]
    last = hands.facts()[-1]
    stolen = Fact.after(
        last, workload=tiny.name, release=release, kind=verified.kind, at=verified.at, body=verified.body
    ).model_copy(update={"signature": verified.signature})
    hands.put(stolen.slot, stolen.stored())
    state = twins.release_as_answered(tiny, changed)
    assert f"fact {stolen.sequence} (verified) does not count: it is not what laptop signed" in (state.message or "")


def test_a_fact_does_not_count_under_another_fact_s_name(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    verified = next(one for one in hands.facts() if one.kind is Kind.VERIFIED)
    hands.put(f"{tiny.name}/{verified.release}/000099.json", verified.stored())
    with pytest.raises(QuarantinedError, match="it says that its place is"):
        read_facts(twins.ledger, tiny.name, verified.release)


def test_what_is_recorded_is_signed(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    assert twins.release(tiny, tiny.candidates()).name == "Succeeded"
    assert len(hands.facts()) > 10
    assert all(one.signature is not None for one in hands.facts())
    with pytest.raises(Terminal):
        rollback(tiny.name, "production", reason="nothing before it", dry_run=False)
