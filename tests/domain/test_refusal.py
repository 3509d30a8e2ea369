"""Five wrong codes under one name lock that name, at that gate and nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.fact import Fact, Kind
from domain.refusal import Refusal, is_locked

Chain = Callable[..., tuple[Fact, ...]]
Event = tuple[Kind, dict[str, Any]]


def refused(approver: str = "ada", stage: str = "production", **given: Any) -> Event:
    """A wrong code, as the ledger keeps it; any field can be given."""
    fields = {"gate": "Approval", "reasons": ("the code is wrong",), "wrong_code": True, **given}
    return Kind.REFUSED, Refusal(stage=stage, approver=approver, **fields).model_dump(mode="json")


@pytest.mark.parametrize(("count", "locked"), [(0, False), (4, False), (5, True), (6, True)])
def test_the_fifth_wrong_code_locks(chain: Chain, count: int, locked: bool) -> None:
    assert is_locked(chain(*[refused()] * count), "production", "ada") is locked


def test_others_and_other_stages_are_not_locked(chain: Chain) -> None:
    facts = chain(*[refused()] * 5)
    assert not is_locked(facts, "production", "bob")
    assert not is_locked(facts, "production", "Ada")
    assert not is_locked(facts, "registry", "ada")


@pytest.mark.parametrize(
    "other",
    [
        refused(approver="bob"),
        refused(stage="registry"),
        refused(wrong_code=False),
        (Kind.DECIDED, refused()[1]),
        (Kind.REFUSED, {"stage": "production", "wrong_code": True}),
        (Kind.REFUSED, {"stage": "production", "approver": "ada"}),
        (Kind.REFUSED, {"stage": "production", "approver": "ada", "wrong_code": "no"}),
        (Kind.REFUSED, {"stage": "production", "approver": "ada", "wrong_code": None}),
    ],
)
def test_what_is_no_wrong_code_of_theirs_does_not_lock(chain: Chain, other: Event) -> None:
    assert not is_locked(chain(*[refused()] * 4, *[other] * 5), "production", "ada")


@given(st.permutations([refused()] * 5 + [refused(approver="bob")] * 4 + [refused(stage="registry")] * 4))
def test_whatever_comes_between_five_are_five(chain: Chain, events: list[Event]) -> None:
    facts = chain(*events)
    assert is_locked(facts, "production", "ada")
    assert not is_locked(facts, "production", "bob") and not is_locked(facts, "registry", "ada")
    last = max(fact.sequence for fact in facts if fact.body == refused()[1])
    assert not is_locked(facts[:last], "production", "ada")


def test_a_refusal_is_no_wrong_code_unless_it_says_so() -> None:
    assert not Refusal(stage="production", gate="Approval", approver="ada", reasons=("it is late",)).wrong_code


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("reasons", (), "at least 1 item"),
        ("approver", "x" * 201, "at most 200 characters"),
        ("code", "123456", "Extra inputs"),
    ],
)
def test_a_refusal_gives_a_reason_and_no_more_of_what_was_typed(field: str, value: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        refused(**{field: value})


def test_a_refusal_is_kept_as_it_was() -> None:
    kept = Refusal(stage="production", gate="Approval", approver="x" * 200, reasons=("a", "b"))
    assert Refusal.model_validate(kept.model_dump(mode="json")) == kept
    with pytest.raises(ValidationError, match="frozen"):
        kept.wrong_code = True  # type: ignore[misc]  # that is what is tried
