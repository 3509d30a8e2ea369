"""How a run that carried a release ends."""

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from domain.outcome import ReleaseOutcome
from domain.shown import shown_lines


def final_state(ending: ReleaseOutcome) -> "State[str]":
    """The outcome as the flow run's state, so that every view shows it: green only when nobody has to act."""
    state = Completed if ending.outcome.is_green else Failed
    return state(
        name=ending.outcome.value.capitalize(),
        message=shown_lines(ending.reason),
        data=ending.outcome.value if ending.outcome.is_green else None,
    )
