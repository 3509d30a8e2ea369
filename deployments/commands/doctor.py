"""`signalbox doctor`: what is wrong, and what to do. (Seed 002, troubleshooting.)"""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected, console, table


def doctor(
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    release: Annotated[str, typer.Option(help="Whose models to look for; the newest release when left out.")] = "",
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Look at everything a release needs and say what to do; exit code 1 when somebody has to act."""
    with connected(home, api_port, emulator_port):
        from tasks.doctor import examine

        findings = examine(workload, release or None)
    shown = table("looked at", "seen", "what to do")
    for finding in findings:
        shown.add_row(finding.what, finding.seen, finding.advice, style="" if finding.healthy else "red")
    console.print(shown)
    problems = sum(not finding.healthy for finding in findings)
    console.print(f"{len(findings)} things looked at, {problems} need somebody")
    if problems:
        raise typer.Exit(1)
