"""`signalbox rollback`: the plan, and with --yes the rollback."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.answers.rollback import rollback_answer
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import aside, console
from deployments.steps import Steps


def rollback(
    circuit: Annotated[
        list[str] | None, typer.Option(help="PLANT/CIRCUIT; may be repeated; all when left out.")
    ] = None,
    release: Annotated[str | None, typer.Option(help="Only circuits that are now served by this release.")] = None,
    stage: Annotated[str, typer.Option(help="The stage.")] = "production",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    reason: Annotated[str, typer.Option(help="The reason; it is kept in the ledger.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it the plan is shown and nothing changes.")
    ] = False,
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Switch back to the deployments that served before; shows the plan unless --yes is given.

    --json: workload, stage, done;
    circuits (circuit, endpoint, from, to), none when everything is already rolled back.
    """
    with connected(home, api_port, emulator_port):
        from flows.rollback import rollback as flow

        steps = Steps(aside if as_json else console)
        with steps.carrying(f"{'roll back' if yes else 'plan the rollback'} at {stage}"):
            rows = flow(workload, stage, circuit, reason, dry_run=not yes, release=release)
    tell(rollback_answer(workload, stage, rows, done=yes), as_json)
