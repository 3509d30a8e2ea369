"""Faults of a shared emulator that meet one test's own resources, and end with it."""

from contextlib import suppress
from typing import Any, Self

from emulator.control_client import Control, ControlError
from emulator.controls.faults import Fault, Kind


class OwnFaults:
    """Asked for by one test; those of others are left alone."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._ids: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def add(self, kind: Kind, method: str = ".*", *, path: str, **more: Any) -> int:
        """As `Control.add_fault`; path: holds a name that only this test uses."""
        self._ids.append(self.control.add_fault(kind, method, path, **more))
        return self._ids[-1]

    def clear(self) -> None:
        """Take back all that were asked for here."""
        while self._ids:
            with suppress(ControlError):  # the test took it back itself
                self.control.remove_fault(self._ids.pop())

    def remove(self, number: int) -> Fault:
        """One of them; it, with how often it happened."""
        return self.control.remove_fault(number)
