"""A fleet switches as one: what serves now, what is to serve, and the way back."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One endpoint's change of default. before: None when it served nothing."""

    endpoint: str
    before: str | None
    after: str


@dataclass(frozen=True)
class SwitchPlan:
    """The switches of a release at one stage, in order."""

    switches: tuple[Switch, ...]

    def done(self, serving: Mapping[str, str | None]) -> tuple[Switch, ...]:
        """Those that Azure shows as done."""
        return tuple(switch for switch in self.switches if serving.get(switch.endpoint) == switch.after)

    def open(self, serving: Mapping[str, str | None]) -> tuple[Switch, ...]:
        """Those still to do."""
        return tuple(switch for switch in self.switches if serving.get(switch.endpoint) != switch.after)

    def way_back(self) -> tuple[Switch, ...]:
        """The same switches undone, last first; an endpoint that served nothing before has no way back."""
        return tuple(
            Switch(switch.endpoint, switch.after, switch.before)
            for switch in reversed(self.switches)
            if switch.before is not None
        )

    def differences(self, serving: Mapping[str, str | None]) -> tuple[str, ...]:
        """What the read-back shows otherwise than planned."""
        return tuple(
            f"{switch.endpoint} serves {serving.get(switch.endpoint) or 'nothing'}, not {switch.after}"
            for switch in self.open(serving)
        )


def plan_switch(serving: Mapping[str, str | None], wanted: Mapping[str, str]) -> SwitchPlan:
    """From what serves now to what is wanted; endpoints in order of their names. wanted: endpoint → deployment."""
    return SwitchPlan(tuple(Switch(endpoint, serving.get(endpoint), wanted[endpoint]) for endpoint in sorted(wanted)))
