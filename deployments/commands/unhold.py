"""`signalbox unhold`: a person's word that what was rolled back may be released again."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console


def unhold(
    release: Annotated[str, typer.Argument(help="The release, such as 20260102.1.")],
    by: Annotated[str, typer.Option("--as", help="Who you are; it is kept in the ledger.")],
    reason: Annotated[str, typer.Option(help="Why it will not fail again; it is kept in the ledger.")],
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """End the hold on a release that was rolled back. Its circuits can then be released again, and the gates ask again."""
    with connected(home, api_port, emulator_port):
        from flows.unhold import unhold as flow

        flow(release, by, reason, workload)
    console.print(f"release {release} is no longer held")
