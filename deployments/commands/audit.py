"""`signalbox audit`: whether a release's ledger holds together, and who decided what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected, console, errors_told, table
from domain.shown import shown

if TYPE_CHECKING:
    from domain.approval.audit_bundle import AuditBundle


def audit(
    release: Annotated[str, typer.Argument(help="Its name, such as 20260102.1.")] = "",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    export: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also write facts and public keys to this file.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="Audit an exported file; asks no server at all."),
    ] = None,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Verify the chain of a release's facts and every signature; print who decided what, when, why and how proven."""
    from domain.approval.audit_bundle import AuditBundle

    if bool(release) == (source is not None):
        raise typer.BadParameter("name a release, or an exported file with --from", param_hint="RELEASE")
    lost: tuple[str, ...] = ()
    if source is not None:
        with errors_told():
            found = AuditBundle.parse(source.read_text())
    else:
        with connected(home, api_port, emulator_port):
            from tasks.ledger.head import faults_of_head, shown_head

            head = shown_head(workload, release)
            found = _gathered(workload, release)
            lost = faults_of_head(head, found.facts)
    if export is not None:
        export.write_text(found.model_dump_json(indent=1))
        console.print(f"wrote {export}: {len(found.facts)} facts and public keys, nothing secret", markup=False)
    if not _told(found, lost):
        raise typer.Exit(1)


def _gathered(workload: str, release: str) -> "AuditBundle":
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from domain.approval.audit_bundle import AuditBundle
    from domain.errors import Terminal
    from tasks.approval.approvers import approvers_of_gates
    from tasks.ledger.facts import read_facts
    from tasks.workloads import declared_workload

    stages = [stage for stage in declared_workload(workload).stages if stage.gate is not None]
    facts = read_facts(loaded(Ledger, "ledger"), workload, release)
    if not facts:
        raise Terminal(f"the ledger holds no release {release} of {workload}; `signalbox status` lists the newest")
    approvers = approvers_of_gates([stage.gate for stage in stages if stage.gate is not None], facts)
    return AuditBundle.of(facts, approvers, tuple(stage.name for stage in stages))


def _told(found: "AuditBundle", lost: tuple[str, ...]) -> bool:
    from domain.approval.audit import audit as audited

    result = audited(found.facts, found.approvers, found.gated)
    faults = (*lost, *result.faults)
    decisions = table("fact", "when (UTC)", "stage", "who", "decision", "why", "proven by", "verdict")
    for one in result.entries:
        decisions.add_row(
            str(one.sequence),
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            *(_shown(text) for text in (one.stage, one.approver, one.choice, one.comment, one.proof)),
            _shown(one.fault or one.remark or "holds"),
        )
    first = found.facts[0]
    console.print(f"release {first.release} of {first.workload}: {len(found.facts)} facts", markup=False)
    console.print(decisions)
    console.print(f"answers that were refused: {result.refused}", markup=False)
    for fault in faults:
        console.print(f"FAULT {fault}", style="red", markup=False, soft_wrap=True)
    if not faults:
        head = found.facts[-1]
        console.print(
            f"the chain and every signature hold; newest fact {head.sequence} is {head.digest}", style="green"
        )
    return not faults


def _shown(text: str) -> str:
    """People's text, as text: brackets are no markup."""
    from rich.markup import escape

    return escape(shown(text))
