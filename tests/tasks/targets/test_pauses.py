"""Whoever waits looks soon at first, and seldom in the end."""

from itertools import islice

import pytest

from tasks.targets.pauses import pauses


def test_pauses_grow_up_to_the_longest_and_stay_there() -> None:
    found = list(islice(pauses(2.0), 12))
    assert found[0] == 0.1
    assert found == sorted(found)
    assert found[-3:] == [2.0] * 3
    assert sum(found[:4]) < 1  # what takes less than a second is seen in less than one


@pytest.mark.parametrize("longest", [0.01, 0.0])
def test_no_pause_is_longer_than_the_longest(longest: float) -> None:
    assert list(islice(pauses(longest), 3)) == [longest] * 3
