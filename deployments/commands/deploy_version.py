"""`signalbox deploy-version`: a chosen version to a chosen stage."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from deployments.flow_ending import reason_of
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console
from deployments.steps import Steps


def deploy_version(
    circuit: Annotated[str, typer.Argument(help="PLANT/CIRCUIT")],
    version: Annotated[str, typer.Argument(help="of the model in the registry")],
    stage: Annotated[str, typer.Option(help="The stage to deploy to.")] = "test",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    older: Annotated[
        bool,
        typer.Option(
            "--older", help="Deploy the version even if its data is older than that of the version that serves there."
        ),
    ] = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Deploy one version of one circuit's model; where the stage has a gate, you are asked here."""
    with connected(home, api_port, emulator_port):
        from deployments.approval.form_client import Approver, own_runs
        from deployments.approval.prompts import at_terminal
        from domain.errors import Terminal
        from flows.deploy_version import deploy_version as flow

        steps = Steps(console)
        approver = steps.held_for(at_terminal(console))
        with (
            steps.carrying(f"deploy version {version} of {circuit} to {stage}"),
            own_runs() as tag,
            Approver(approver, tag=tag),
        ):
            state = flow(circuit, version, stage, workload, getpass.getuser(), older, return_state=True)
            if not state.is_completed():
                raise Terminal(f"it ended {state.name}: {reason_of(state)}")
    console.print(f"{state.name}: {reason_of(state)}", style="green")
