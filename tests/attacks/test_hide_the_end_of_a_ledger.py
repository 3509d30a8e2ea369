"""Aim: have a rejection, a hold or a switch forgotten by cutting the ledger's end off, with the server's artifacts forged to match."""

from typing import Any

import pytest
from storage_hands import OWN_KEY, StorageHands
from twins import TinyTwin, Twins

from domain.ledger.fact import Fact, Kind
from tasks.ledger.head import faults_of_head, shown_head

REJECT = {"decision": "reject", "approver": "ada", "comment": "no"}


def row(fact: Fact, **more: Any) -> dict[str, Any]:
    return {"fact": fact.sequence, "kind": fact.kind.value, "stage": "", "at": "", "digest": fact.digest, **more}


def signed(fact: Fact) -> dict[str, str]:
    signature = OWN_KEY.sign(fact.slot, fact.digest)
    return {"key": signature.key, "signature": signature.value}


@pytest.mark.parametrize("forged", ["nothing", "no artifact", "an older one", "one of their own", "no table", "many"])
def test_what_writers_have_shown_is_missed_whatever_came_after(
    twins: Twins, tiny: TinyTwin, hands: StorageHands, forged: str
) -> None:
    changed = tiny.candidates()
    assert twins.release(tiny, changed, REJECT).name == "Rejected"
    facts = hands.facts()
    rejected = next(one for one in facts if one.kind is Kind.DECIDED)
    hands.cut(rejected.sequence)
    kept = facts[: rejected.sequence]
    match forged:
        case "no artifact":
            hands.show([])
        case "an older one":
            key = next(name for name in twins.run.artifacts if name.startswith("ledger"))
            hands.show(twins.run.artifacts[key][0])
        case "one of their own":
            hands.show([row(one, **signed(one)) for one in kept])
        case "no table":
            hands.show({"fact": 1})  # type: ignore[arg-type]  # whatever somebody makes
        case "many":
            for _ in range(10):
                hands.show([row(one) for one in kept])
    state = twins.release(tiny, changed)
    assert state.is_failed(), state.name
    assert f"fact {rejected.sequence} (decided) was written, and the ledger no longer has it" in (state.message or "")


@pytest.mark.parametrize("own", [True, False], ids=["signed by themselves", "unsigned"])
def test_nobody_s_artifact_stops_a_release(twins: Twins, tiny: TinyTwin, hands: StorageHands, own: bool) -> None:
    """That facts are missing or otherwise is believed of writers alone."""
    changed = tiny.candidates()
    assert twins.release(tiny, changed, REJECT).name == "Rejected"
    last = hands.facts()[-1]
    unheard = last.model_copy(update={"sequence": last.sequence + 5})
    other = last.model_copy(update={"body": {"outcome": "SUCCEEDED"}})
    hands.show([row(one, **(signed(one) if own else {})) for one in (unheard, other)])
    head = shown_head(tiny.name, last.release)
    assert faults_of_head(head, hands.facts()) == ()
    assert {one["fact"] for one in head} == {one.sequence for one in hands.facts()}


def test_a_ledger_may_be_ahead_of_what_was_shown(twins: Twins, tiny: TinyTwin, hands: StorageHands) -> None:
    """A run died between writing a fact and showing it."""
    assert twins.release(tiny, tiny.candidates(), REJECT).name == "Rejected"
    key = next(name for name in twins.run.artifacts if name.startswith("ledger"))
    twins.run.artifacts[key] = twins.run.artifacts[key][:3]
    facts = hands.facts()
    assert faults_of_head(shown_head(tiny.name, facts[0].release), facts) == ()
