"""What is another workload's is not touched; what nothing says is adopted by whose release made it."""

import pytest

from domain.errors import Terminal
from domain.ownership import must_not_be_anothers, why_not_ours
from domain.tags import RELEASE_ID, WORKLOAD


def why(tags: dict[str, str], *made: str) -> str:
    return why_not_ours("be-a", tags, "pumps", lambda release: release in made)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"owner": "somebody"},
        {WORKLOAD: "pumps"},
        {WORKLOAD: "pumps", RELEASE_ID: "20260101.9"},
        {RELEASE_ID: "20260101.1"},
    ],
)
def test_ones_own_what_one_made_and_what_nobody_made_may_be_touched(tags: dict[str, str]) -> None:
    assert why(tags, "20260101.1") == ""


@pytest.mark.parametrize("release", [{}, {RELEASE_ID: "20260101.1"}])
def test_another_s_is_named_whatever_release_made_it(release: dict[str, str]) -> None:
    found = why({WORKLOAD: "fans", **release}, "20260101.1")
    assert found.startswith("be-a belongs to workload fans. Give one of the two a `prefix`")
    with pytest.raises(Terminal, match=r"^be-a belongs to workload fans.*Nothing was touched\.$"):
        must_not_be_anothers("be-a", {WORKLOAD: "fans", **release}, "pumps")


def test_what_a_release_made_that_the_ledger_does_not_know_is_another_s() -> None:
    found = why({RELEASE_ID: "20260101.2"}, "20260101.1")
    assert found.startswith("be-a was made by release 20260101.2, which is not in the ledger of pumps.")
    assert found.endswith("give it the tag workload=pumps")


@pytest.mark.parametrize("tags", [{}, {WORKLOAD: "pumps"}, {RELEASE_ID: "20260101.2"}])
def test_just_before_a_change_only_what_says_so_is_another_s(tags: dict[str, str]) -> None:
    must_not_be_anothers("be-a", tags, "pumps")
