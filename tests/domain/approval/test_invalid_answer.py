"""What the ledger keeps of an answer that did not count."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.approval.invalid_answer import InvalidAnswer


def refused(**given: Any) -> InvalidAnswer:
    """A wrong code; any field can be given."""
    fields = {"stage": "production", "gate": "Approval", "approver": "ada", "reasons": ("the code is wrong",), **given}
    return InvalidAnswer(**fields)


def test_a_refusal_is_no_wrong_code_unless_it_says_so() -> None:
    assert not InvalidAnswer(stage="production", gate="Approval", approver="ada", reasons=("it is late",)).wrong_code


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
    kept = InvalidAnswer(stage="production", gate="Approval", approver="x" * 200, reasons=("a", "b"))
    assert InvalidAnswer.model_validate(kept.model_dump(mode="json")) == kept
    with pytest.raises(ValidationError, match="frozen"):
        kept.wrong_code = True  # type: ignore[misc]  # that is what is tried


def test_what_is_new_about_it_is_left_out_while_it_is_not_said() -> None:
    """So that the digests of ledgers before it do not change."""
    assert "locked_until" not in refused().model_dump(mode="json", exclude_none=True)
    locked = refused(locked_until=datetime(2026, 3, 1, 12, tzinfo=UTC)).model_dump(mode="json", exclude_none=True)
    assert InvalidAnswer.model_validate(locked).locked_until == datetime(2026, 3, 1, 12, tzinfo=UTC)
