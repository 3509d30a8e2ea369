"""`signalbox report`: the evidence of a release at a stage, or its replay there, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.answers.answer import CommandAnswer, Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected


def report(
    release: Annotated[str, typer.Argument(help="The release, such as 20260102.1.")],
    stage: Annotated[str, typer.Argument(help="The stage, such as production.")],
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write it; RELEASE-STAGE.html when left out.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="The replay (how predictions shift) instead of the evidence.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser, too.")] = False,
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Fetch the report of a release at a stage's gate, or of its replay there, checked against the digest in the ledger.

    --json: workload, release, stage, digest, and the file that was written.
    """
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from domain.approval.request import ApprovalRequest
        from domain.errors import Terminal
        from domain.ledger.fact import Kind, facts_of
        from tasks.ledger.facts import read_facts
        from tasks.ledger.kept_reports import kept_report, replay_page

        ledger = loaded(Ledger, "ledger")
        kept_as = replay_page(stage) if replay else stage
        found = facts_of(read_facts(ledger, workload, release), Kind.REPLAYED if replay else Kind.ASKED, stage)
        if not found:
            why = "nothing was replayed for" if replay else "nobody was asked about"
            raise Terminal(f"{why} release {release} of {workload} at {stage}, so there is no report")
        digest = (
            str(found[-1].body["report"]) if replay else ApprovalRequest.model_validate(found[-1].body).report_digest
        )
        page = kept_report(ledger, workload, release, kept_as, digest)
    file = output or Path(f"{release}-{kept_as}.html")
    file.write_text(page)
    document = {"workload": workload, "release": release, "stage": stage, "digest": digest, "file": str(file)}
    tell(CommandAnswer(document, (f"wrote {file}, {digest}",)), as_json)
    if show:
        typer.launch(str(file.resolve()))
