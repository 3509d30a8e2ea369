"""What is written down before a fleet switches, and the rollback that follows from it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind
from domain.release.failed_units import failed_units
from domain.release.hold import hold_of
from domain.rollout.switch import (
    Journal,
    is_between_waves,
    is_part_switched,
    is_switched,
    last_journal,
    newer_releases,
    open_journal,
    rollback_journal,
    rolled_back_endpoints,
    switched_endpoints,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ENDPOINTS = [f"be-{number}" for number in range(6)]
SERVED = st.none() | st.sampled_from(["deployment-20260101.1", "deployment-by-hand"])


def chain(*said: tuple[Kind, dict[str, Any]]) -> list[Fact]:
    facts: list[Fact] = []
    for kind, body in said:
        last = facts[-1] if facts else None
        facts.append(Fact.after(last, workload="w", release="20260102.1", kind=kind, at=NOW, body=body))
    return facts


def begun(before: dict[str, str | None], **more: Any) -> tuple[Kind, dict[str, Any]]:
    journal = Journal(stage="s", before=before, after=dict.fromkeys(before, "deployment-20260102.1"), fence=1, **more)
    return Kind.JOURNAL, journal.model_dump(mode="json")


def switched(*endpoints: str, left: int = 0) -> tuple[Kind, dict[str, Any]]:
    return Kind.SWITCHED, {"stage": "s", "after": dict.fromkeys(endpoints, "deployment-20260102.1"), "left": left}


@given(st.lists(SERVED, min_size=6, max_size=6), st.lists(st.integers(0, 6), max_size=3))
def test_the_rollback_of_all_waves_leads_to_what_served_before_the_first(
    served: list[str | None], cuts: list[int]
) -> None:
    before = dict(zip(ENDPOINTS, served, strict=True))
    edges = sorted({0, 6, *cuts})
    waves = [ENDPOINTS[edges[at] : edges[at + 1]] for at in range(len(edges) - 1)]
    said = []
    for number, wave in enumerate(waves, 1):
        said += [begun({one: before[one] for one in wave}), switched(*wave, left=len(waves) - number)]
    back = rollback_journal(chain(*said), "s", "why", 9, hold=True)
    assert back.after == before
    assert set(back.before.values()) == {"deployment-20260102.1"}
    assert (back.back, back.hold, back.reason, back.fence) == (True, True, "why", 9)
    assert [one.endpoint for one in back.switches()] == sorted(ENDPOINTS, reverse=True)


@given(st.lists(SERVED, min_size=6, max_size=6), st.sets(st.sampled_from(ENDPOINTS), max_size=5))
def test_what_failed_serves_what_it_served_and_the_others_go_on(served: list[str | None], gone: set[str]) -> None:
    before = dict(zip(ENDPOINTS, served, strict=True))
    journal = Journal.model_validate(begun(before, alone=True)[1]).dropping(dict.fromkeys(gone, "broke"), 2)
    assert {name: journal.after[name] for name in gone} == {name: before[name] for name in gone}
    assert all(journal.after[name] == "deployment-20260102.1" for name in set(ENDPOINTS) - gone)
    assert journal.dropped.keys() == gone
    assert journal.differences(journal.after) == {}
    back = rollback_journal(
        chain(begun(before, alone=True), (Kind.JOURNAL, journal.model_dump(mode="json"))), "s", "why", 3
    )
    assert back.after == before | {name: before[name] for name in gone}


def test_where_circuits_move_alone_only_the_wave_that_is_half_done_is_rolled_back() -> None:
    facts = chain(begun({"a": "x"}, alone=True), switched("a", left=1), begun({"b": "y"}, alone=True))
    assert rollback_journal(facts, "s", "why", 2).after == {"b": "y"}


def test_a_journal_is_open_until_its_stage_is_switched_or_rolled_back() -> None:
    facts = chain(begun({"a": None}), switched("a", left=1), begun({"b": None}), (Kind.ROLLED_BACK, {"stage": "s"}))
    assert [open_journal(facts[:end], "s") is not None for end in range(5)] == [False, True, False, True, False]
    assert [is_between_waves(facts[:end], "s") for end in range(5)] == [False, False, True, True, False]
    assert not any(is_switched(facts[:end], "s") for end in range(5))
    assert switched_endpoints(facts, "s") == {"a"}
    assert open_journal(facts[:1], "other") is None
    assert last_journal([], "s") is None


def test_a_fleet_is_part_switched_until_its_last_wave_or_until_all_that_serves_was_taken_back() -> None:
    facts = chain(
        begun({"a": None, "b": None}),
        switched("a", "b", left=1),
        (Kind.ROLLED_BACK, {"stage": "s", "after": {"a": None}}),
        (Kind.ROLLED_BACK, {"stage": "s", "after": {"b": None}}),
    )
    assert [is_part_switched(facts[:end], "s") for end in range(5)] == [False, False, True, True, False]
    assert not is_part_switched(facts[:2], "other")
    assert not is_part_switched(chain(switched("a", left=1), switched("b")), "s")
    kind, body = switched("a", left=1)
    assert not is_part_switched(chain((kind, {**body, "unconfirmed": "nothing to roll back to"})), "s")
    assert not is_part_switched([], "s")


def test_a_stage_is_switched_when_no_wave_is_left_and_none_failed_its_confirmation() -> None:
    assert is_switched(chain(switched("a", left=1), switched("b")), "s")
    assert not is_switched(chain(switched("a", left=1)), "s")
    unconfirmed = (Kind.SWITCHED, {"stage": "s", "after": {"a": "x"}, "left": 0, "unconfirmed": "gone"})
    assert not is_switched(chain(unconfirmed), "s")


def test_a_journal_that_cannot_be_read_is_no_journal_to_act_on() -> None:
    facts = chain((Kind.JOURNAL, {"stage": "s", "after": "everything"}))
    for read in (last_journal, open_journal):
        with pytest.raises(Terminal, match=r"the journal in fact 0 of release 20260102\.1 cannot be read"):
            read(facts, "s")


def test_newer_is_what_was_released_later_by_day_and_number() -> None:
    serving = {
        "a": "deployment-20260102.10",
        "b": "deployment-20260102.9",
        "c": "deployment-20251231.99",
        "d": "deployment-by-hand",
        "e": None,
    }
    assert newer_releases(serving, "20260102.9") == {"a": "20260102.10"}


def test_rolled_back_is_what_had_served_and_not_what_failed_on_its_way() -> None:
    back = (Kind.ROLLED_BACK, {"stage": "s", "after": {"be-a": "deployment-1", "be-b": None}})
    assert rolled_back_endpoints(chain(back), "s") == {}
    assert rolled_back_endpoints(chain(switched("be-a"), back), "s") == {"be-a": "deployment-1"}
    assert rolled_back_endpoints(chain(back, switched("be-a")), "s") == {}
    assert rolled_back_endpoints(chain(switched("be-a", "be-b"), back), "elsewhere") == {}


def test_a_hold_lasts_until_a_person_ends_it_and_may_come_again() -> None:
    held, ended = (Kind.HELD, {"stage": "s", "reason": "bad"}), (Kind.UNHELD, {"stage": "s", "by": "ada"})
    assert hold_of([]) is None
    assert hold_of(facts := chain(held)) is facts[0]
    assert hold_of(chain(held, ended)) is None
    assert hold_of(facts := chain(held, ended, held)) is facts[2]


def test_failed_circuits_say_where_and_why() -> None:
    facts = chain((Kind.DROPPED, {"stage": "test", "units": {"P/A": "no data"}}))
    assert failed_units(facts) == {"P/A": "test: no data"}
