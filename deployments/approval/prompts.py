"""Who decides when an Approver asks: a person at this terminal, or the demo's approver."""

from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, Paragraph, TableElement
from rich.prompt import Prompt
from rich.rule import Rule
from rich.text import Text

from deployments.advice import as_typed
from deployments.approval.form_client import Decide, FormAnswer, Pending
from deployments.approval.watched_input import NoLongerWaitedForError, watched
from deployments.line_breaks import broken_at_blanks
from deployments.screen import Screen
from deployments.table import Table
from domain.approval.statement import Choice
from domain.errors import Terminal
from flows.approval.gate import NOT_ACCEPTED


class Signer(Protocol):
    """Somebody whose key lies on this machine."""

    @property
    def name(self) -> str:
        """As the environment lists it."""
        ...

    def evidence(self, pending: Pending) -> str:
        """What is signed, in markdown, by the ledger; Terminal where the form is about something else."""
        ...

    def proof(self, pending: Pending, choice: Choice, comment: str) -> str:
        """The signature that answers a form."""
        ...


class NotAcceptedError(Terminal):
    """An answer that nobody will correct was refused; the message says why and what to do."""


class EvidenceTable(TableElement):
    """A table as all are shown here; rich would cut a long word off, and with it the name of a circuit."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.header is None or self.header.row is None:
            return
        table = Table(*(cell.content.plain for cell in self.header.row.cells))
        for row in self.body.rows if self.body is not None else ():
            table.add_row(*(cell.content.plain for cell in row.cells))
        yield table


class WholeParagraph(Paragraph):
    """A paragraph that breaks no word, and with it a digest."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield broken_at_blanks(self.text, options.max_width) if console.is_terminal else self.text


class EvidenceMarkdown(Markdown):
    """What the UI shows above the form, for a terminal of any width; nothing of it is left out."""

    def __init__(self, text: str) -> None:
        super().__init__(as_typed(text))

    elements = Markdown.elements | {"table_open": EvidenceTable, "paragraph_open": WholeParagraph}


def at_terminal(console: Screen | None = None, signer: Signer | None = None) -> Decide:
    """Shows the evidence, asks for decision, name, reason and proof, and asks again when the server refuses the answer.
    It asks no longer where somebody decided elsewhere, or the run has ended.

    signer: somebody whose key lies on this machine; all others type a proof.
    """
    screen = console or Screen()

    def decide(pending: Pending) -> FormAnswer | None:
        screen.print(Rule(Text(f"{pending.run_name} waits for a decision")))
        if pending.refusal:
            screen.print(f"not accepted: {pending.refusal}", style="bold red")
        else:
            screen.print(EvidenceMarkdown(pending.evidence if signer is None else signer.evidence(pending)))
        typed = watched(pending.gone)
        try:
            choice = Prompt.ask("decision", choices=pending.choices, console=screen, stream=typed)
            whose = "your name, as the environment lists it"
            approver = (
                Prompt.ask(whose, console=screen, stream=typed)
                if signer is None
                else Prompt.ask(whose, default=signer.name, console=screen, stream=typed)
            ).strip()
            comment = Prompt.ask(
                "why (a rejection needs a reason)", default="", show_default=False, console=screen, stream=typed
            ).strip()
            if signer is not None and approver == signer.name:
                proof = signer.proof(pending, Choice(choice), comment)
            else:
                proof = Prompt.ask("the code of your authenticator", console=screen, stream=typed).strip()
        except NoLongerWaitedForError as gone:
            screen.print(f"\n{pending.run_name} no longer waits for a decision here: {gone}. Nothing was sent.")
            return None
        except EOFError:
            raise NotAcceptedError(
                f"{pending.run_name} waits for a decision but nobody can be asked here: the input has ended. "
                "Decide on the run's page in the Prefect UI, or start again at a terminal."
            ) from None
        return {"decision": choice, "approver": approver, "proof": proof, "comment": comment}

    return decide


def demo(signer: Signer, console: Screen | None = None) -> Decide:
    """Approves everything as the signer, and says so; for demos where nobody can be asked, never for real releases."""
    screen = console or Screen()

    def decide(pending: Pending) -> FormAnswer:
        refusal = pending.refusal or _refusal_in(pending.evidence)
        if refusal:
            raise NotAcceptedError(
                f"the demo approver's answer as {signer.name!r} was not accepted: {refusal}. "
                f"List {signer.name!r} among the approvers in deployments/environments, or decide in the Prefect UI."
            )
        screen.print(Rule(Text(f"{pending.run_name} waits for a decision")))
        screen.print(EvidenceMarkdown(signer.evidence(pending)))
        screen.print(
            f"The demo approver approves this as {signer.name!r}; in a real release a person decides here.",
            style="bold",
        )
        comment = "approved by the demo approver"
        proof = signer.proof(pending, Choice.APPROVE, comment)
        return {"decision": Choice.APPROVE.value, "approver": signer.name, "proof": proof, "comment": comment}

    return decide


def _refusal_in(evidence: str) -> str:
    first = evidence.partition("\n")[0]
    return first.removeprefix(NOT_ACCEPTED).strip() if first.startswith(NOT_ACCEPTED) else ""
