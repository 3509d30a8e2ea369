"""Who may decide: members of groups, enrolled or not yet; nobody else."""

from dataclasses import FrozenInstanceError

import pytest

from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Enrolment

ADA = Enrolment(name="ada", aliases=("ada@example.org",))
ROSTER = EnrolledApprovers(
    groups={"ops": frozenset({"ada", "bob"}), "data": frozenset({"ada"}), "none": frozenset()},
    people={"ada": ADA, "eve": Enrolment(name="eve")},
)


def test_a_member_is_who_they_enrolled_as() -> None:
    assert ROSTER.person("ada") is ADA


def test_a_member_may_have_enrolled_nothing() -> None:
    assert ROSTER.person("bob") == Enrolment(name="bob")


@pytest.mark.parametrize("name", ["eve", "zoe", "Ada", "", "ada@example.org"])
def test_whoever_is_in_no_group_is_no_approver_whatever_they_enrolled(name: str) -> None:
    assert ROSTER.person(name) is None
    assert ROSTER.groups_of(name) == frozenset()


def test_groups_are_those_that_have_the_member() -> None:
    assert ROSTER.groups_of("ada") == {"ops", "data"}
    assert ROSTER.groups_of("bob") == {"ops"}


def test_approvers_without_groups_are_nobody_and_have_no_keys() -> None:
    empty = EnrolledApprovers(groups={}, people={"ada": ADA})
    assert empty.person("ada") is None
    assert empty.tenant_keys == {}


def test_approvers_are_of_one_moment() -> None:
    with pytest.raises(FrozenInstanceError):
        ROSTER.groups = {}  # type: ignore[misc]  # that is what is tried
