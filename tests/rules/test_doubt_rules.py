"""A replay before production's switch: what fails is not switched, and what leaves doubts is shown to people first."""

from typing import Any

import pytest
from replayed import REPLAY, SCORE
from tiny import APPROVE
from twins import TinyTwin, Twins

from deployments.approval.form_client import Pending
from domain.ledger.fact import Kind


def released(twins: Twins, tiny: TinyTwin, shift: float) -> tuple[Any, list[Pending]]:
    """A release whose models answer so much more; its end, and the forms that people saw."""
    tiny.declare(score=SCORE.replace("SHIFT", str(shift)), replay=REPLAY)
    with twins.answering(APPROVE) as seen:
        return twins.release_as_answered(tiny, tiny.candidates()), seen


@pytest.fixture
def first(twins: Twins, tiny: TinyTwin) -> str:
    """The fleet's first release, which serves; its name."""
    rows = "name,value\n" + "".join(f"r{number},{number}\n" for number in range(101))
    tiny.give_data("replay", rows)
    for path in twins.places["test"].data:
        twins.places["test"].data[path] = rows
    state, _ = released(twins, tiny, 0.0)
    assert state.name == "Succeeded", state.message
    return twins.names(tiny)[0]


def test_what_the_replay_doubts_is_shown_to_people_before_anything_switches(
    twins: Twins, tiny: TinyTwin, first: str
) -> None:
    state, forms = released(twins, tiny, 10.0)
    assert state.name == "Succeeded", state.message
    assert "inconclusive" not in forms[1].evidence
    assert "The replay is inconclusive for 2 circuits" in forms[2].evidence
    assert f"**{tiny.plant}/A1**" in forms[2].evidence
    kinds = [fact.kind for fact in twins.facts(tiny) if fact.stage == "production"]
    replayed = kinds.index(Kind.REPLAYED)
    assert Kind.SWITCHED not in kinds[:replayed]
    assert [kind for kind in kinds[replayed:] if kind in {Kind.ASKED, Kind.DECIDED, Kind.SWITCHED}] == [
        Kind.ASKED,
        Kind.DECIDED,
        Kind.SWITCHED,
    ]
    assert twins.serving(tiny, "production") == [twins.names(tiny)[0]] * 2 != [first] * 2


def test_what_the_replay_refuses_is_not_switched(twins: Twins, tiny: TinyTwin, first: str) -> None:
    state, _ = released(twins, tiny, 100.0)
    assert state.name == "Failed"
    assert f"{tiny.plant}/A1" in state.message
    assert f"{tiny.plant}/B2" in state.message
    assert twins.serving(tiny, "production") == [first, first]
