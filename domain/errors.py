"""What can go wrong, in two kinds: a person must act, or time may mend it."""

from collections.abc import Sequence


class SignalboxError(Exception):
    """Any error of Signalbox's own. The message says what happened, why, and what to do next."""


class Terminal(SignalboxError):  # noqa: N818 — the house's word, read aloud everywhere
    """A person must act; trying again changes nothing."""


class Transient(SignalboxError):  # noqa: N818 — the house's word, read aloud everywhere
    """Time may mend it; the one retry policy tries again."""


class StageBusy(Terminal):
    """Another release holds the stage and is at work there."""


class StageLost(SignalboxError):  # noqa: N818 — as the others of this house
    """Somebody else holds the stage by now; whoever sees this does nothing more there."""


class InvalidDeclaration(Terminal):
    """A declaration (workload.yaml, an environment, changed_circuits.json) with faults, all of them listed."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{count}, nothing was touched:\n" + "\n".join(f"  {fault}" for fault in faults))
