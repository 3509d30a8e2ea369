"""How long Azure is assumed to take, read from the table beside this file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emulator.control_client import Control

TABLE = Path(__file__).with_name("latencies.yaml")
SWITCH = "Microsoft.MachineLearningServices/workspaces/batchEndpoints:update"


@dataclass(frozen=True)
class Latencies:
    """operations: resource type and verb → seconds. polled_every: seconds. scaled_down_by: by what the emulator divides."""

    operations: dict[str, float]
    polled_every: float
    scaled_down_by: float

    @classmethod
    def read(cls) -> "Latencies":
        """The table."""
        found: dict[str, Any] = yaml.safe_load(TABLE.read_text())
        return cls(**found)

    def apply(self, control: Control, real_time: bool = False) -> None:
        """Pace the emulator by it. real_time: undivided."""
        divisor = 1.0 if real_time else self.scaled_down_by
        seconds = {name: each / divisor for name, each in self.operations.items()}
        control.set_pace(0.0, seconds, max(1, round(1000 * self.polled_every / divisor)))

    def told(self) -> str:
        """For people."""
        each = ", ".join(f"{name.partition('/')[2]} {seconds:g} s" for name, seconds in self.operations.items())
        return f"assumed of Azure, never measured: {each}; polled every {self.polled_every:g} s"
