"""`signalbox approve`: the evidence that is signed, from the ledger; an answer signed with the approver's own SSH key; the run resumed."""

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console
from domain.errors import Terminal

if TYPE_CHECKING:
    from deployments.approval.form_client import Pending
    from domain.ledger.fact import Fact
    from flows.approval.pending import PendingRequest

VERDICT_SECONDS = 90
"""How long the gate's word is waited for: a suspended run needs a worker to start again."""


def approve(
    release: Annotated[
        str,
        typer.Argument(
            help="The release that waits, such as 20260102.1, or the name or id of its run; the only one when left out."
        ),
    ] = "",
    workload: Annotated[str, typer.Option(help="Which workload the release of that name belongs to.")] = "plants",
    decision: Annotated[
        str, typer.Option(help="approve, reject or break-glass; you are asked when it is left out.")
    ] = "",
    approver: Annotated[str, typer.Option("--as", help="Your name, as the environment lists it.")] = getpass.getuser(),
    comment: Annotated[str | None, typer.Option(help="The reason; a rejection needs one.")] = None,
    key: Annotated[
        Path, typer.Option(dir_okay=False, help="Your SSH key; a .pub file when your agent holds the key.")
    ] = Path("~/.ssh/id_ed25519"),
    entra: Annotated[
        bool, typer.Option("--entra", help="Sign in at Entra ID in a browser instead of signing with an SSH key.")
    ] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="Do not answer; print the proof, to be pasted into the form.")
    ] = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Show what a waiting release is about, sign your decision with your SSH key or at Entra ID, and give the answer."""
    with connected(home, api_port, emulator_port):
        from blocks.ledger import Ledger
        from blocks.loading import loaded
        from deployments.approval.form_client import Approver, waiting_forms
        from deployments.approval.signing import signing
        from deployments.approval.waiting import chosen, standing_in, waiting
        from tasks.workloads import known_workloads

        ledger, workloads = loaded(Ledger, "ledger"), known_workloads()
        form = chosen(waiting(ledger, workloads, waiting_forms()), release, workload, standing_in(ledger, workloads))
        decide = signing(ledger, decision, approver, comment, None if entra else key.expanduser())
        if paste:
            console.print((decide(form) or {})["proof"], highlight=False, soft_wrap=True)
            return
        before = len(_answers(form))
        if not Approver(decide, runs=[form.run_id]).answer_once():
            raise Terminal(f"{form.run_name} no longer waits for this answer")
        _tell_verdict(form, before)


def _pending_request(form: "Pending") -> "PendingRequest":
    """What the form asks, by the ledger as it is now."""
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from flows.approval.pending import pending_request
    from tasks.workloads import known_workloads

    return pending_request(loaded(Ledger, "ledger"), known_workloads(), form.key)


def _answers(form: "Pending") -> "list[Fact]":
    """What the gate took and refused so far."""
    from domain.ledger.fact import Kind

    return [fact for fact in _pending_request(form).facts if fact.kind in {Kind.DECIDED, Kind.REFUSED}]


def _tell_verdict(form: "Pending", before: int) -> None:
    """Wait for what the gate says of the answer."""
    from domain.ledger.fact import Kind

    for _ in range(VERDICT_SECONDS):
        answers = _answers(form)[before:]
        if answers and answers[0].kind is Kind.REFUSED:
            raise Terminal("not accepted: " + "; ".join(answers[0].body["reasons"]))
        if answers:
            console.print("accepted, and kept in the ledger", style="green")
            return
        time.sleep(1)
    status = f"`signalbox status --workload {_pending_request(form).asked.workload}`"
    console.print(f"the answer was given, but no worker has picked up the run yet. {status} shows how it goes on")
