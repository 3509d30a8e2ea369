"""`signalbox audit`: whether a release's ledger is intact, and who decided what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected, errors_told
from deployments.screen import aside

if TYPE_CHECKING:
    from domain.approval.audit_bundle import AuditBundle


def audit(
    release: Annotated[str, typer.Argument(help="The release, such as 20260102.1.")] = "",
    workload: Annotated[str, typer.Option(help="Which workload.")] = "plants",
    export: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also write facts and public keys to this file.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="Audit an exported file, without any server."),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            exists=True,
            help="The folder of the writers' public keys; what SIGNALBOX_TRUST names when left out.",
        ),
    ] = None,
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Verify the chain of a release's facts and every signature; print who decided what, when, why and how it was proven.

    --json: workload, release, facts (how many);
    newest (sequence, digest);
    decisions (sequence, at, stage, approver, decision, comment, proof,
    remark, fault);
    refused (how many answers), writers (name, facts: how many), faults,
    holds: whether the chain and every signature do.
    """
    from deployments.answers.audit import audit_answer
    from domain.approval.audit import audit as audited
    from domain.approval.audit_bundle import AuditBundle

    if bool(release) == (source is not None):
        raise typer.BadParameter("name a release, or an exported file with --from", param_hint="RELEASE")
    from tasks.ledger.trust import known_writers

    lost: tuple[str, ...] = ()
    if source is not None:
        with errors_told():
            found = AuditBundle.parse(source.read_bytes())
            writers = known_writers(trust)
    else:
        with connected(home, api_port, emulator_port):
            from tasks.ledger.head import faults_of_head, shown_head

            head = shown_head(workload, release)
            found = _gathered(workload, release)
            lost = faults_of_head(head, found.facts)
            writers = known_writers(trust)
    if export is not None:
        export.write_text(found.model_dump_json(indent=1))
        aside.print(f"wrote {export}: {len(found.facts)} facts and public keys, nothing secret")
    result = audited(found.facts, found.approvers, found.gated, writers)
    if writers is None and any(fact.signature is not None for fact in found.facts):
        aside.print(
            "the facts' own signatures were not verified: name the folder of the writers' public keys with --trust",
            style="yellow",
        )
    faults = (*lost, *result.faults)
    tell(audit_answer(found.facts, result, faults), as_json)
    if faults:
        raise typer.Exit(1)


def _gathered(workload: str, release: str) -> "AuditBundle":
    from blocks.ledger import Ledger
    from blocks.loading import loaded
    from domain.approval.audit_bundle import AuditBundle
    from domain.errors import Terminal
    from tasks.approval.approvers import approvers_of_gates
    from tasks.ledger.stored_facts import stored_facts
    from tasks.workloads import declared_workload

    stages = [stage for stage in declared_workload(workload).stages if stage.gate is not None]
    facts = stored_facts(loaded(Ledger, "ledger"), workload, release)
    if not facts:
        raise Terminal(
            f"the ledger holds no release {release} of {workload}; `signalbox status --workload {workload}` lists the newest"
        )
    approvers = approvers_of_gates([stage.gate for stage in stages if stage.gate is not None], facts)
    return AuditBundle.of(facts, approvers, tuple(stage.name for stage in stages))
