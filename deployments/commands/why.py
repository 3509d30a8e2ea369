"""`signalbox why`: every reason why a stage does not admit a release."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.admission import admission_answer
from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected


def why(
    release: Annotated[str, typer.Argument(help="The release, such as 20260102.1.")],
    stage: Annotated[str, typer.Argument(help="The stage, such as production.")],
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Print every reason why a stage does not admit a release now; exit code 1 when there is one.

    --json: workload, release, stage, admitted, reasons.
    """
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from domain.errors import Terminal
        from domain.release.manifest import requested_release
        from flows.stage.admit import admission_of
        from tasks.ledger.facts import read_facts
        from tasks.workloads import declared_workload

        declared, ledger = declared_workload(workload), loaded(Ledger, "ledger")
        facts = read_facts(ledger, workload, release)
        if not facts:
            raise Terminal(
                f"the ledger holds no release {release} of {workload}; `signalbox status --workload {workload}` lists the newest"
            )
        chosen = declared.stage(stage)
        admission = admission_of(ledger, chosen, declared.before(stage), requested_release(facts))
    tell(admission_answer(workload, release, stage, admission.reasons), as_json)
    if not admission.allowed:
        raise typer.Exit(1)
