"""`signalbox status`: which version serves each circuit at each stage, what is under way, and what needs somebody."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected


def status(
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    every: Annotated[bool, typer.Option("--all", help="List every circuit, however many there are.")] = False,
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Show what needs somebody, which version serves each circuit at each stage (as Azure says now), and the newest releases.

    --json: workload;
    needs_somebody (what, why, next);
    stages (stage, circuits, serving_nothing, releases, fault);
    circuits (stage, circuit, deployment, state, model, version,
    release, cutoff_date, deployed_at);
    releases (release, outcome, reason, stage, last_fact, at, circuits,
    failed_circuits, rolled_back, held, quarantined,
    waits: stage, gate, missing, answer_by, overdue,
    approved, part_switched).
    """
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from deployments.answers.status import status_answer
        from domain.declaration.target import ServingTarget
        from tasks.platforms import platform_of
        from tasks.release_states import newest_states
        from tasks.targets.serving import stage_served
        from tasks.workloads import declared_workload

        declared = declared_workload(workload)
        stages = [
            stage_served(platform_of(declared, stage.target), stage.name, declared.units)
            for stage in declared.stages
            if isinstance(stage.target, ServingTarget)
        ]
        states = newest_states(loaded(Ledger, "ledger"), declared)
    tell(status_answer(workload, stages, states, every), as_json)
    if any(one.fault for one in stages):
        raise typer.Exit(1)
