"""`signalbox extend`: a longer time to live for a stage's deployments."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console
from domain.declaration.target import HOURS_TO_LIVE


def extend(
    stage: Annotated[str, typer.Argument(help="The stage where it serves.")],
    workload: Annotated[str, typer.Option(help="Which workload.")],
    circuit: Annotated[list[str] | None, typer.Option(help="PLANT/CIRCUIT; all when none is named.")] = None,
    hours: Annotated[float, typer.Option(help="From now.")] = HOURS_TO_LIVE,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Extend the time to live of a stage's deployments; an announced deletion is called off."""
    with connected(home, api_port, emulator_port):
        from flows.extend import extend as flow

        for line in flow(stage, workload, circuit, hours):
            console.print(line)
