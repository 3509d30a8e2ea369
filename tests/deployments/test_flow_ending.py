"""How a flow ended is told in the words of who stopped it."""

import pytest
from prefect.states import Completed, Failed

from deployments.flow_ending import reason_of


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Flow run encountered an exception: Terminal: no version 9: choose another", "no version 9: choose another"),
        ("Flow run encountered an exception: StageLost: taken", "taken"),
        ("Flow run encountered an exception: KeyError: 'plant'", "KeyError: 'plant'"),
        (
            "production: rolled back to what served before: it hums",
            "production: rolled back to what served before: it hums",
        ),
        ("", ""),
        (None, ""),
    ],
)
def test_only_what_prefect_adds_is_left_out(message: str | None, told: str) -> None:
    assert reason_of(Failed(message=message)) == told


def test_what_went_well_is_told_as_it_is() -> None:
    assert (
        reason_of(Completed(message="release 20261130.1 serves production")) == "release 20261130.1 serves production"
    )
