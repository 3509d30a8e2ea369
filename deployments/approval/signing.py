"""Who decides at `signalbox approve`: a person who is shown what the ledger holds, and signs it with an SSH key or at Entra ID."""

from pathlib import Path

from rich.prompt import Prompt

from blocks.ledger import Ledger
from deployments.approval.enrolment import enrolled
from deployments.approval.entra_sign_in import id_token
from deployments.approval.form_client import Decide, FormAnswer, Pending
from deployments.approval.prompts import EvidenceMarkdown
from deployments.approval.signable import signable
from deployments.approval.ssh_sign import sign
from deployments.approval.watched_input import NoLongerWaitedForError, watched
from deployments.screen import console
from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.statement import Choice, Statement
from domain.errors import Terminal
from tasks.workloads import known_workloads


def signing(ledger: Ledger, decision: str, approver: str, comment: str | None, key: Path | None) -> Decide:
    """Asks what is left open, and signs. decision: "" to ask; comment: None to ask; key: None to sign in at Entra ID."""

    def decide(pending: Pending) -> FormAnswer:
        if pending.refusal:
            raise Terminal(f"the server did not accept the answer: {pending.refusal}")
        if key is not None and not (key.is_file() or key.with_name(f"{key.name}.pub").is_file()):
            raise Terminal(
                f"there is no SSH key {key}: name yours with --key, enrol one with `signalbox enrol {approver} --ssh FILE`, or sign in "
                "with --entra"
            )
        about = signable(ledger, known_workloads(), pending)
        about.must_be_asked(approver)
        console.print(
            EvidenceMarkdown(
                f"**You sign about {about.headline}.** What follows is from the report whose digest you sign."
            )
        )
        console.print(EvidenceMarkdown(about.evidence))
        choices, typed = pending.choices, watched(pending.gone)
        try:
            chosen = decision or Prompt.ask("decision", choices=choices, console=console, stream=typed)
            if chosen not in choices:
                raise Terminal(f"this gate accepts {', '.join(choices)}, not {chosen!r}")
            why = (
                comment
                if comment is not None
                else Prompt.ask("why", default="", show_default=False, console=console, stream=typed)
            )
        except NoLongerWaitedForError as gone:
            raise Terminal(
                f"{pending.run_name} no longer waits for a decision: {gone}. Nothing was signed or sent"
            ) from None
        except EOFError:
            raise Terminal(
                "nobody can be asked here, because the input has ended; give --decision and --comment"
            ) from None
        statement = about.pending.statement(Choice(chosen), approver, why.strip())
        about.must_count(statement)
        console.print("you sign:", style="bold")
        console.print_json(statement.text)
        return {
            "decision": chosen,
            "approver": approver,
            "proof": _signed_in(statement) if key is None else sign(statement, key),
            "comment": why.strip(),
        }

    return decide


def _signed_in(statement: Statement) -> str:
    """A token of the approver's enrolled account."""
    usable = [one for one in enrolled(statement.approver).credentials if one.revoked_at is None]
    accounts = [one for one in usable if isinstance(one, EntraAccount)]
    if not accounts:
        raise Terminal(
            f"{statement.approver} has enrolled no Entra ID account; use `signalbox enrol NAME --entra TENANT/OBJECT/AUDIENCE/GROUP`"
        )
    return id_token(accounts[-1], statement)
