"""`signalbox take-over`: an owner of the environment has a release count whose facts no writer signed."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console
from deployments.table import Table
from domain.errors import Terminal


def take_over(
    release: Annotated[
        str, typer.Argument(help="The release, such as 20260102.1; all that do not count when left out.")
    ] = "",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Have releases count whose facts no writer of the environment signed, up to their newest fact; audit them first.

    For owners of the environment: it writes the folder that SIGNALBOX_TRUST names. Needed for what was there before the environment
    signed its ledger, and after a key was withdrawn.
    """
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from tasks.ledger.taking_over import take_over_releases

        done = take_over_releases(loaded(Ledger, "ledger"), [workload], release or None)
        table = Table("release", "up to fact", "digest")
        for name, newest in done.taken.items():
            table.add_row(name, newest.sequence, newest.digest)
        for name, why in done.left.items():
            console.print(f"left as it is: {name}: {why}", style="yellow")
        if not done.taken:
            raise Terminal(
                f"no release of {workload} was taken over: "
                + ("look at those above" if done.left else "all of them count")
            )
        console.print(table)
