"""`signalbox models`: which versions carry which tags. (Seed 002, querying by tags.)"""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected


def models(
    release: Annotated[str, typer.Option(help="Only those of a release, such as 20251210.1.")] = "",
    cutoff_date: Annotated[str, typer.Option(help="Only those of a cutoff date, such as 2025-11-01.")] = "",
    validated: Annotated[bool, typer.Option("--validated", help="Only those that training found better.")] = False,
    workspace: Annotated[str, typer.Option(help="Look in this workspace instead of the registry.")] = "",
    registry: Annotated[str, typer.Option(help="Block name of the registry.")] = "shared",
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """List model versions by their tags.

    --json: place; models (model, version, cutoff_date, release, tags).
    """
    wanted = {"release_id": release, "cutoff_date": cutoff_date, "validated": "true" if validated else ""}
    with connected(home, api_port, emulator_port):
        from blocks.loading import loaded
        from blocks.model_registry import ModelRegistry
        from blocks.workspace import Workspace
        from deployments.answers.models import models_answer
        from tasks.azure_ml.models import models_tagged

        place = loaded(Workspace, workspace) if workspace else loaded(ModelRegistry, registry)
        found = models_tagged(place, {name: value for name, value in wanted.items() if value})
    versions = [(model.name, model.version, model.tags) for model in found]
    tell(models_answer(workspace or registry, versions), as_json)
