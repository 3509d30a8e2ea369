"""`signalbox rollback`: the plan, and with --yes the rollback."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected, console, table
from deployments.steps import Steps


def rollback(
    circuit: Annotated[
        list[str] | None, typer.Option(help="PLANT/CIRCUIT; may be repeated; all when left out.")
    ] = None,
    release: Annotated[str | None, typer.Option(help="Only circuits that this release serves now.")] = None,
    stage: Annotated[str, typer.Option(help="At which stage.")] = "production",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    reason: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it the plan is shown and nothing changes.")
    ] = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Switch back to the deployments that served before; shows the plan unless --yes is given."""
    with connected(home, api_port, emulator_port):
        from flows.rollback import rollback as flow

        with Steps(console).carrying(f"{'roll back' if yes else 'plan the rollback'} at {stage}"):
            rows = flow(workload, stage, circuit, reason, dry_run=not yes, release=release)
    if not rows:
        console.print("nothing to do: all of it is back already; to go further, name what serves now with --release")
        return
    shown = table("circuit", "endpoint", "from", "to")
    for row in rows:
        shown.add_row(row["circuit"], row["endpoint"], row["from"], row["to"])
    console.print(shown)
    console.print("done, and read back" if yes else "this is the plan; give --yes to do it")
