"""The answer of `signalbox enrol`: what an approver has enrolled; names of credentials, never what proves them."""

from shlex import quote

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
    name = quote(person.name)
    anew = [
        f"{one} has its secret on the Prefect server, where everybody who reads its API can read it: `signalbox enrol {name} --code` "
        f"enrols a new authenticator, and `signalbox enrol {name} --revoke {one}` ends this one."
        for one in person.readable_on_server
    ]
    title = f"{person.name}{aliases}" + ("" if rows else ": nothing is enrolled")
    document = {"approver": person.name, "aliases": person.aliases, "credentials": rows}
    document["readable_on_server"] = person.readable_on_server
    return CommandAnswer(document, (title, table, *anew))
