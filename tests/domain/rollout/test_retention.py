"""What clean-up may remove: never what serves, what a rollback needs, what is not ours, or what may still be waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.naming import deployment_name, old_deployment_name, release_of
from domain.release_name import release_order
from domain.rollout.retention import FOR_ROLLBACK, SERVES, RetentionPlan, made_by_release, plan_retention


@dataclass(frozen=True)
class Made:
    name: str
    state: str = "Succeeded"
    tags: Mapping[str, str] = field(default_factory=dict)


def made(number: int, previous: int | str | None, state: str = "Succeeded") -> Made:
    """A deployment of release 20260101.NUMBER. previous: of the same day, a name as it stands, or no tag."""
    before = (
        {} if previous is None else {"previous_deployment": named(previous) if isinstance(previous, int) else previous}
    )
    return Made(named(number), state, {"release_id": f"20260101.{number}", **before})


def named(number: int) -> str:
    return deployment_name(f"20260101.{number}")


def removed(*deployments: Made, default: str | None, keep: int = 2) -> set[str]:
    return set(plan_retention(deployments, default, keep).removed)


def kept_for_rollback(plan: RetentionPlan) -> int:
    return list(plan.stays.values()).count(FOR_ROLLBACK)


def test_what_serves_and_what_served_before_stay_and_older_ones_go() -> None:
    fleet = [made(1, "none"), made(2, 1), made(3, 2), made(4, 3)]
    found = plan_retention(fleet, named(4))
    assert found.stays == {named(3): FOR_ROLLBACK, named(4): SERVES}
    assert set(found.removed) == {named(1), named(2)}
    assert found.removed[named(1)] == "older than the 2 that are kept"
    assert kept_for_rollback(found) == 1
    assert removed(*fleet, default=named(4), keep=3) == {named(1)}
    assert removed(*fleet, default=named(4), keep=9) == set()


def test_what_a_rolled_back_release_left_goes_and_what_served_stays() -> None:
    fleet = [made(1, "none"), made(2, 1), made(3, 2), made(4, 2)]
    assert removed(*fleet, default=named(4)) == {named(1), named(3)}


def test_a_newer_one_than_serves_may_be_waiting_for_people_and_stays() -> None:
    fleet = [made(1, "none"), made(2, 1), made(3, 2), made(4, 3, "Creating"), made(10, 3, "Failed")]
    found = plan_retention(fleet, named(3))
    assert set(found.removed) == {named(1)}
    assert found.stays[named(10)] == found.stays[named(4)] == "not older than what serves"


def test_where_the_chain_breaks_the_next_older_ready_one_takes_the_place() -> None:
    fleet = [made(1, "none"), made(2, 1), made(3, 2, "Failed"), made(5, 4)]
    found = plan_retention(fleet, named(5))
    assert set(found.removed) == {named(1), named(3)}
    assert found.removed[named(3)] == "is Failed, and older than what serves"
    assert found.stays[named(2)] == FOR_ROLLBACK


def test_where_nothing_came_before_nothing_takes_the_place() -> None:
    assert removed(made(1, "none"), made(2, "none"), default=named(2)) == {named(1)}


def test_the_one_before_that_is_not_ready_is_not_rolled_back_to() -> None:
    fleet = [made(1, "none"), made(2, 1), made(3, 2, "Failed"), made(4, 3)]
    assert removed(*fleet, default=named(4)) == {named(1), named(3)}


def test_a_tag_that_names_itself_is_a_break() -> None:
    assert removed(made(1, "none"), made(2, 1), made(3, 3), default=named(3)) == {named(1)}


def test_a_circle_of_tags_is_walked_once() -> None:
    fleet = [made(1, "none"), made(2, 3), made(3, 2)]
    assert removed(*fleet, default=named(3)) == {named(1)}
    assert removed(*fleet, default=named(3), keep=3) == set()


@pytest.mark.parametrize("default", [None, "gone", "deployment-20260101-9"])
def test_where_it_is_not_known_what_serves_nothing_goes(default: str | None) -> None:
    assert removed(made(1, "none"), made(2, 1), made(3, 2), default=default) == set()


def test_where_what_serves_was_made_by_hand_nothing_goes() -> None:
    blue = Made("blue", tags={"previous_deployment": named(2)})
    found = plan_retention([made(1, "none"), made(2, 1), blue], "blue")
    assert (found.removed, found.stays["blue"]) == ({}, SERVES)


@pytest.mark.parametrize(
    "hand_made",
    [
        Made("blue"),
        Made("blue", tags={"release_id": "20250101.1"}),
        Made("deployment-20250101.1"),
        Made("deployment-20250101.1", tags={"release_id": "20250101.2"}),
        Made("deployment-latest", tags={"release_id": "latest"}),
        Made("deployment-", tags={"release_id": ""}),
        Made("deployment-20250101.1", "Failed", {"release": "20250101.1"}),
    ],
)
def test_without_our_tag_and_our_name_nothing_is_ever_touched(hand_made: Made) -> None:
    found = plan_retention([made(1, "none"), made(2, 1), hand_made, made(3, 2)], named(3))
    assert set(found.removed) == {named(1)}
    assert found.stays[hand_made.name] == "no release made it"


def test_one_made_by_hand_that_served_before_is_rolled_back_to() -> None:
    found = plan_retention([made(1, "none"), Made("blue"), made(2, "blue")], named(2))
    assert (set(found.removed), found.stays["blue"]) == ({named(1)}, FOR_ROLLBACK)


def test_another_spelling_of_the_release_that_serves_is_not_older() -> None:
    twin = Made("deployment-20260101.03", tags={"release_id": "20260101.03"})
    assert removed(made(1, "none"), made(2, 1), made(3, 2), twin, default=named(3)) == {named(1)}


def test_fewer_than_two_are_never_kept() -> None:
    for keep in (1, 0, -1):
        with pytest.raises(ValueError, match=rf"keep is {keep}; 2 or more are kept"):
            plan_retention([made(1, "none")], named(1), keep)


def test_nothing_there_is_nothing_to_remove() -> None:
    assert plan_retention([], None) == plan_retention([], named(1)) == RetentionPlan()


NUMBERS = st.integers(1, 8)
STATES = st.sampled_from(["Succeeded", "Succeeded", "Succeeded", "Failed", "Creating", "Deleting", ""])
PREVIOUS = st.none() | st.sampled_from(["none", "blue", "gone", ""]) | NUMBERS
OURS = st.builds(made, NUMBERS, PREVIOUS, STATES)
BY_HAND = st.builds(
    Made,
    st.sampled_from(["blue", "green", "deployment-20260101.5", "deployment-20260101-5", "deployment-x"]),
    STATES,
    st.dictionaries(
        st.sampled_from(["release_id", "previous_deployment"]),
        st.sampled_from(["20260101.4", named(2), "blue", "none"]),
    ),
)
FLEETS = st.lists(OURS | BY_HAND, max_size=10, unique_by=lambda one: one.name)
KEEP = st.integers(2, 6)
CHOICES = st.integers(0, 11)


def default_of(fleet: list[Made], choice: int) -> str | None:
    return fleet[choice].name if choice < len(fleet) else (None if choice % 2 else "gone")


@given(FLEETS, CHOICES, KEEP)
def test_each_deployment_either_stays_or_goes_with_a_reason(fleet: list[Made], choice: int, keep: int) -> None:
    found = plan_retention(fleet, default_of(fleet, choice), keep)
    assert set(found.stays) | set(found.removed) == {one.name for one in fleet}
    assert not set(found.stays) & set(found.removed)
    assert all([*found.stays.values(), *found.removed.values()])


@given(FLEETS, CHOICES, KEEP)
def test_only_ours_goes_that_is_older_than_what_serves(fleet: list[Made], choice: int, keep: int) -> None:
    default = default_of(fleet, choice)
    for one in fleet:
        if one.name in plan_retention(fleet, default, keep).removed:
            assert made_by_release(one)
            assert default is not None
            assert release_order(one.tags["release_id"]) < release_order(release_of(default))


@given(FLEETS, CHOICES, KEEP)
def test_what_a_rollback_leads_to_stays(fleet: list[Made], choice: int, keep: int) -> None:
    default, there = default_of(fleet, choice), {one.name: one for one in fleet}
    before = there.get(there[default].tags.get("previous_deployment", "")) if default in there else None
    if before is not None and before.state == "Succeeded":
        assert before.name in plan_retention(fleet, default, keep).stays


@given(FLEETS, CHOICES, KEEP)
def test_at_most_so_many_are_kept(fleet: list[Made], choice: int, keep: int) -> None:
    assert kept_for_rollback(plan_retention(fleet, default_of(fleet, choice), keep)) <= keep - 1


@given(FLEETS, CHOICES, KEEP, st.sets(CHOICES))
def test_killed_half_way_it_goes_on_to_the_same_end(fleet: list[Made], choice: int, keep: int, done: set[int]) -> None:
    default = default_of(fleet, choice)
    first = plan_retention(fleet, default, keep)
    gone = {name for place, name in enumerate(sorted(first.removed)) if place in done}
    left = [one for one in fleet if one.name not in gone]
    assert set(plan_retention(left, default, keep).removed) == set(first.removed) - gone


@given(FLEETS, CHOICES, KEEP, st.randoms())
def test_the_order_in_which_azure_lists_them_does_not_matter(fleet: list[Made], choice: int, keep: int, chance) -> None:
    default = default_of(fleet, choice)
    shuffled = list(fleet)
    chance.shuffle(shuffled)
    assert set(plan_retention(shuffled, default, keep).removed) == set(plan_retention(fleet, default, keep).removed)


def test_those_that_were_named_with_a_dot_are_ours_too_and_go_in_their_turn() -> None:
    def old(number: int, previous: str) -> Made:
        tags = {"release_id": f"20260101.{number}", "previous_deployment": previous}
        return Made(old_deployment_name(f"20260101.{number}"), tags=tags)

    third = Made(named(3), tags={"release_id": "20260101.3", "previous_deployment": "deployment-20260101.2"})
    found = plan_retention([old(1, "none"), old(2, "deployment-20260101.1"), third], named(3))
    assert set(found.removed) == {"deployment-20260101.1"}
    assert found.stays == {named(3): SERVES, "deployment-20260101.2": FOR_ROLLBACK}
