"""How long things take, as data: the emulator's clock can be made as slow as Azure's, or quick."""

from dataclasses import dataclass, field

DEFAULT_SECONDS = 0.02


@dataclass
class Pace:
    """Seconds that an operation takes, by resource type. retry_after_ms: what clients wait between polls."""

    default_seconds: float = DEFAULT_SECONDS
    by_type: dict[str, float] = field(default_factory=dict)
    retry_after_ms: int = 20

    def seconds(self, resource_type: str, verb: str) -> float:
        """For one operation; `verb` narrows it down: `{type}:delete` comes before `{type}`, whatever their case.

        verb: create, update, delete or action.
        """
        known, wanted = {name.lower(): seconds for name, seconds in self.by_type.items()}, resource_type.lower()
        return known.get(f"{wanted}:{verb}", known.get(wanted, self.default_seconds))
