"""The answer of `signalbox enrol`: what an approver has enrolled; names of credentials, never what proves them."""

from deployments.answers.answer import CommandAnswer
from deployments.table import Table
from domain.approval.proofs.enrolment import Enrolment
from domain.utc import utc_text


def credentials_answer(person: Enrolment) -> CommandAnswer:
    """Of everything that groups know of a person."""
    rows = [
        {
            "credential": one.id,
            "kind": one.kind.replace("_", " "),
            "enrolled_at": utc_text(one.enrolled_at),
            "revoked_at": utc_text(one.revoked_at) if one.revoked_at is not None else None,
        }
        for one in person.credentials
    ]
    table = Table("credential", "kind", "enrolled at", "revoked at")
    for row in rows:
        table.add_row(*row.values())
    aliases = f", also called {', '.join(person.aliases)}" if person.aliases else ""
    title = f"{person.name}{aliases}" + ("" if rows else ": nothing is enrolled")
    document = {"approver": person.name, "aliases": person.aliases, "credentials": rows}
    return CommandAnswer(document, (title, table))
