"""`signalbox doctor`: what is wrong, and what to do. (Seed 002, troubleshooting.)"""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected


def doctor(
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    release: Annotated[str, typer.Option(help="Whose models to look for; the newest release when left out.")] = "",
    every: Annotated[bool, typer.Option("--all", help="List everything that was checked, however much.")] = False,
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Check everything that a release needs and say what to do; exit code 1 when somebody has to act.

    --json: workload; looked_at, unhealthy, serving_nothing (counts);
    needs_somebody (what, why, next), of releases;
    findings (stage, what, seen, healthy, advice).
    """
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from deployments.answers.doctor import doctor_answer
        from domain.promotion.release_state import needing_somebody
        from tasks.doctor import examine
        from tasks.release_states import newest_states
        from tasks.workloads import declared_workload

        findings = examine(workload, release or None)
        states = newest_states(loaded(Ledger, "ledger"), declared_workload(workload))
    tell(doctor_answer(workload, findings, states, every), as_json)
    if not all(finding.healthy for finding in findings) or needing_somebody(states):
        raise typer.Exit(1)
