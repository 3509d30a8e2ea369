"""`signalbox status`: which version serves each circuit at each stage, and what is under way."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected, console, table

NEWEST = 5


def status(
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Show what serves each circuit at each stage, as Azure says now, and the newest releases."""
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from domain.declaration.target import ServingTarget
        from flows.promotion.manifest import outcome_of
        from tasks.ledger.facts import QuarantinedError, read_facts, release_names
        from tasks.platforms import platform_of
        from tasks.targets.platform import model_of
        from tasks.targets.serving import deployment_serving
        from tasks.workloads import declared_workload

        declared = declared_workload(workload)
        serving = table("stage", "circuit", "model version", "deployment", "cutoff date", "deployed at")
        for stage in declared.stages:
            if not isinstance(stage.target, ServingTarget):
                continue
            platform = platform_of(declared, stage.target)
            for unit in declared.units:
                found = deployment_serving(platform, unit)
                tags = found.tags if found else {}
                version = ":".join(model_of(found)) if found else "nothing serves"
                name = found.name if found else ""
                serving.add_row(
                    stage.name, str(unit), version, name, tags.get("cutoff_date", ""), tags.get("deployed_at", "")
                )
        ledger = loaded(Ledger, "ledger")
        releases = table("release", "outcome", "last fact", "at", "stage")
        for name in release_names(ledger, workload)[:NEWEST]:
            try:
                facts = read_facts(ledger, workload, name)
            except QuarantinedError:
                releases.add_row(name, "in quarantine: see `signalbox doctor`", "", "", "")
                continue
            outcome = outcome_of(facts)
            last = facts[-1]
            releases.add_row(
                name,
                outcome.value if outcome else "under way",
                last.kind.value,
                f"{last.at:%Y-%m-%d %H:%M}",
                last.stage or "",
            )
    console.print(serving)
    console.print(releases)
