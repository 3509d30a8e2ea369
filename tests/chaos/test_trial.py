"""What counts as a violation; and that a process that is killed is known from one that fails."""

import pytest
from fleet import Seen
from forked import Broken, Killed, forked
from killing import Kill, die
from trial import _mixed, _unapproved, _wrong_end

OLD, NEW = "deployment-20260101.1", "deployment-20260101.2"


def seen(
    production: list[str | None], outcome: str = "SUCCEEDED", approved: tuple[str, ...] = (), held: str = ""
) -> Seen:
    """The fleet after a release of 20260101.2."""
    return Seen(
        serving={"production": {f"be-{number}": one for number, one in enumerate(production)}},
        approved=frozenset(approved),
        releases=("20260101.2", "20260101.1"),
        outcomes={"20260101.2": outcome},
        held=frozenset([held]),
        faults=(),
    )


def test_a_half_switched_fleet_is_a_violation() -> None:
    assert _mixed(seen([NEW, NEW])) == []
    assert "different releases" in _mixed(seen([NEW, OLD]))[0]
    assert "different releases" in _mixed(seen([NEW, None]))[0]


def test_a_switch_that_nobody_approved_is_a_violation() -> None:
    assert _unapproved(seen([NEW, NEW], approved=("20260101.2",))) == []
    assert "nobody approved" in _unapproved(seen([NEW, NEW], approved=("20260101.1",)))[0]


@pytest.mark.parametrize(
    ("after", "state", "rolled_back", "newer", "wrong"),
    [
        (seen([NEW]), "Succeeded", False, "", False),
        (seen([OLD]), "Succeeded", False, "", True),
        (seen([OLD], "FAILED"), "Failed", False, "", False),
        (seen([NEW], "FAILED"), "Failed", False, "", True),
        (seen([OLD], ""), "Failed", False, "", True),
        (seen([NEW]), "Superseded", False, NEW, False),
        (seen([OLD]), "Superseded", False, NEW, True),
        (seen([NEW], held="20260101.1"), "Completed", True, "", False),
        (seen([OLD], held="20260101.1"), "Completed", True, "", True),
        (seen([NEW]), "Completed", True, "", True),
    ],
)
def test_production_serves_what_the_end_says(
    after: Seen, state: str, rolled_back: bool, newer: str, wrong: bool
) -> None:
    assert bool(_wrong_end(seen([OLD]), after, state, "", rolled_back, newer)) is wrong


def test_a_killed_process_is_known_from_one_that_fails_and_one_that_ends() -> None:
    def fails() -> None:
        raise ValueError("what went wrong")

    assert forked(sorted, [2, 1]) == [1, 2]
    with pytest.raises(Broken, match="what went wrong"):
        forked(fails)
    with pytest.raises(Killed):
        forked(die)
    assert str(Kill(seconds=0.5)) == "killed after 0.50 s"
