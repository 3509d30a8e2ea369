"""What a gate can be declared as, and when it lets a stage change."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.declaration.gate import Gate, Role, Rule

NOON = datetime(2025, 1, 8, 12, 0, tzinfo=UTC)
"""A Wednesday."""


def gate(**given: Any) -> Gate:
    """A gate of one rule; any field can be given."""
    return Gate.model_validate({"name": "Approval", "rules": [{"group": "ops"}], "instructions": "Look."} | given)


def stretch(starts: str, hours: int = 2, **given: Any) -> dict[str, Any]:
    """A stretch as declared."""
    return {"starts": starts, "minutes": hours * 60, **given}


def test_a_gate_without_more_is_open_at_all_times_and_closed_to_whoever_made_the_release() -> None:
    plain = gate()
    assert (plain.timeout_minutes, plain.valid_minutes) == (1440, 1440)
    assert plain.not_by == (Role.REQUESTER, Role.COMMIT_AUTHOR, Role.DATA_PUBLISHER)
    assert (plain.rules[0].approvals, plain.rules[0].required) == (1, ())
    assert (plain.windows, plain.freezes, plain.break_glass, plain.checklist) == ((), (), None, ())
    assert list(plain.closures(NOON)) == []


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("timeout_minutes", 1, 30 * 24 * 60), ("valid_minutes", 1, 7 * 24 * 60)],
)
def test_times_have_limits(field: str, least: int, most: int) -> None:
    for taken in (least, most):
        assert getattr(gate(**{field: taken}), field) == taken
    for refused in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=field):
            gate(**{field: refused})


@pytest.mark.parametrize(
    ("field", "one", "least", "most"),
    [
        ("name", "x", 1, 100),
        ("instructions", "x", 1, 4000),
        ("rules", {"group": "ops"}, 1, 10),
        ("windows", stretch("2025-01-08T08:00"), 0, 20),
        ("freezes", stretch("2025-01-08T08:00"), 0, 50),
        ("checklist", "x", 0, 20),
    ],
)
def test_texts_and_lists_have_limits(field: str, one: Any, least: int, most: int) -> None:
    def of(length: int) -> Any:
        return one * length if field in {"name", "instructions"} else [one] * length

    for taken in (least, most):
        assert len(getattr(gate(**{field: of(taken)}), field)) == taken
    for refused in {max(0, least - 1), most + 1} - {least}:
        with pytest.raises(ValidationError, match=field):
            gate(**{field: of(refused)})


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (500, True), (501, False)])
def test_a_line_of_the_checklist_has_limits(length: int, taken: bool) -> None:
    if taken:
        assert gate(checklist=["x" * length]).checklist == ("x" * length,)
    else:
        with pytest.raises(ValidationError, match=r"checklist\.0"):
            gate(checklist=["x" * length])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"approvals": 0}, "greater than or equal to 1"),
        ({"approvals": 21}, "less than or equal to 20"),
        ({"approvals": 20, "required": [f"p{n}" for n in range(21)]}, "at most 20 items"),
        ({"required": [""]}, "at least 1 character"),
        ({"required": ["x" * 201]}, "at most 200 characters"),
        ({"required": ["ada", "bob"]}, "required names 2 people, but approvals is 1"),
        ({"approvals": 2, "required": ["ada", "bob", "cem"]}, "required names 3 people, but approvals is 2"),
        ({"approvals": 3, "required": ["ada", "bob", "ada"]}, "required: somebody is named twice"),
        ({"approvals": 3, "required": ["ada", "ada", "bob"]}, "required: somebody is named twice"),
        ({"group": "Ops"}, "the name of a group has lower-case letters, digits and hyphens"),
        ({"quorum": 2}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_be_met_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Rule.model_validate({"group": "ops", **given})
    assert why in str(refused.value)


def test_a_rule_may_name_as_many_as_it_takes() -> None:
    names = ("x" * 200, *(f"p{number}" for number in range(19)))
    assert Rule(group="ops", approvals=20, required=names).required == names
    assert Rule(group="ops", required=("x",)).approvals == 1


def test_nobody_is_required_in_two_rules() -> None:
    with pytest.raises(ValidationError) as refused:
        gate(
            rules=[
                {"group": "ops", "approvals": 3, "required": ["zoe", "ada", "bob"]},
                {"group": "data", "approvals": 2, "required": ["ada", "zoe"]},
            ]
        )
    told = "Value error, rules: ada, zoe cannot be required in two rules, because each approver counts for one; "
    assert told in str(refused.value)
    assert len(gate(rules=[{"group": "ops", "required": ["ada"]}, {"group": "ops", "required": ["bob"]}]).rules) == 2


def test_a_gate_names_its_groups_once_each() -> None:
    rules = [{"group": "ops"}, {"group": "data"}, {"group": "ops"}]
    assert gate(rules=rules).groups == ("ops", "data")
    assert gate(rules=rules, break_glass={"group": "fire"}).groups == ("ops", "data", "fire")
    assert gate(rules=rules, break_glass={"group": "data"}).groups == ("ops", "data")


def test_a_gate_cannot_be_changed_nor_have_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        gate().timeout_minutes = 5  # type: ignore[misc]  # that is what is tried
    with pytest.raises(ValidationError, match="Extra inputs"):
        gate(approvers=[])
    with pytest.raises(ValidationError, match="not_by"):
        gate(not_by=["anybody"])
