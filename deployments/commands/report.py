"""`signalbox report`: the evidence that approvers of a release were asked to look at, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.connection import ApiPort, EmulatorPort, Home, connected, console


def report(
    release: Annotated[str, typer.Argument(help="Its name, such as 20260102.1.")],
    stage: Annotated[str, typer.Argument(help="Such as production.")],
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write it; RELEASE-STAGE.html when left out.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser, too.")] = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = 4200,
    emulator_port: EmulatorPort = 8400,
) -> None:
    """Fetch the report of a release at a stage's gate, checked against the digest that approvers sign."""
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from domain.ask import Ask
        from domain.errors import Terminal
        from domain.fact import Kind, facts_of
        from flows.evidence import kept_report
        from tasks.ledger import read_facts

        ledger = loaded(Ledger, "ledger")
        asked = facts_of(read_facts(ledger, workload, release), Kind.ASKED, stage)
        if not asked:
            raise Terminal(f"nobody was asked about release {release} of {workload} at {stage}, so there is no report")
        question = Ask.model_validate(asked[-1].body)
        page = kept_report(ledger, workload, release, stage, question.report_digest)
    file = output or Path(f"{release}-{stage}.html")
    file.write_text(page)
    console.print(f"wrote {file}, {question.report_digest}", markup=False, soft_wrap=True)
    if show:
        typer.launch(str(file.resolve()))
