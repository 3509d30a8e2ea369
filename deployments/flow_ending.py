"""How a flow that a command carried has ended, in the words of who stopped it."""

from typing import TYPE_CHECKING

from domain.errors import SignalboxError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

PREFIX = "Flow run encountered an exception: "
"""Prefect's, before the name and the words of what was raised."""


def reason_of(state: "State") -> str:
    """Without what Prefect adds; what nobody foresaw keeps the name of its kind."""
    words = (state.message or "").removeprefix(PREFIX)
    kind, separator, rest = words.partition(": ")
    return rest if separator and kind in _kinds(SignalboxError) else words


def _kinds(kind: type[SignalboxError]) -> set[str]:
    return {kind.__name__}.union(*(_kinds(one) for one in kind.__subclasses__()))
