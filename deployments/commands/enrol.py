"""`signalbox enrol`: how an approver will prove that it is they."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.answers.answer import Json, tell
from deployments.laptop.connection import ApiPort, EmulatorPort, Home, connected
from deployments.screen import console
from domain.errors import Terminal

if TYPE_CHECKING:
    from domain.approval.proofs.entra_token import EntraAccount
    from domain.approval.proofs.ssh_signature import SshKey

ENTRA_PARTS = 4
MAX_KEY = 4096
"""Characters that are read of a file; no public key has as many."""


def enrol(
    name: Annotated[str, typer.Argument(help="The approver, as the environment lists them.")],
    code: Annotated[bool, typer.Option("--code", help="An authenticator app: shows a QR code.")] = False,
    ssh: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An SSH key: the .pub file (Ed25519 or RSA).")
    ] = None,
    entra: Annotated[
        str, typer.Option(help="An Entra ID account: TENANT/OBJECT/AUDIENCE/GROUP, as their ids in the portal.")
    ] = "",
    alias: Annotated[
        list[str] | None, typer.Option(help="Another name of the same person, such as the e-mail of their commits.")
    ] = None,
    revoke: Annotated[
        str, typer.Option(help="Revoke this credential, named as this command lists it: it no longer counts.")
    ] = "",
    as_json: Json = False,
    home: Home = Path(".signalbox"),
    api_port: ApiPort = None,
    emulator_port: EmulatorPort = None,
) -> None:
    """Enrol an approver's credential, revoke one, or list what is enrolled when no option is given.

    --json: approver, aliases;
    credentials (credential, kind, enrolled_at, revoked_at);
    readable_on_server (credentials to enrol anew).
    It contains no secret, so it cannot be combined with --code.
    """
    if as_json and code:
        raise typer.BadParameter(
            "--code shows a secret, which no program should read; leave out --code or --json", param_hint="--json"
        )
    with connected(home, api_port, emulator_port):
        from deployments.answers.credentials import credentials_answer
        from deployments.approval import enrolment
        from domain.approval.proofs.enrolment import Enrolment

        if alias:
            enrolment.change(name, lambda known: known.joined(Enrolment(name=name, aliases=tuple(alias))))
        if ssh is not None:
            enrolment.enrol(name, _ssh_key(ssh))
        if entra:
            enrolment.enrol(name, _account(entra))
        if revoke:
            enrolment.revoke(name, revoke)
        if code:
            _authenticator(name)
        tell(credentials_answer(enrolment.enrolled(name)), as_json)


def _ssh_key(file: Path) -> "SshKey":
    from pydantic import ValidationError

    from domain.approval.proofs.ssh_signature import SshKey

    with file.open(errors="replace") as opened:
        line = opened.read(MAX_KEY + 1).strip()
    try:
        return SshKey(public_key=line, enrolled_at=datetime.now(UTC))
    except ValidationError as error:
        [fault, *_] = error.errors()
        why = (
            str(fault["ctx"]["error"])
            if fault["type"] == "value_error"
            else "longer than a public key; give a .pub file"
        )
        raise Terminal(f"{file.name} was not enrolled: {why}") from None


def _account(text: str) -> "EntraAccount":
    from pydantic import ValidationError

    from domain.approval.proofs.entra_token import EntraAccount

    parts = text.split("/")
    if len(parts) != ENTRA_PARTS:
        raise Terminal("write the account as TENANT/OBJECT/AUDIENCE/GROUP: three GUIDs and the application's id")
    tenant, person, audience, group = parts
    try:
        return EntraAccount(
            tenant_id=tenant, object_id=person, audience=audience, group_id=group, enrolled_at=datetime.now(UTC)
        )
    except ValidationError as error:
        raise Terminal(f"{error.errors()[0]['loc'][0]} of the account is not a GUID") from None


def _authenticator(name: str) -> None:
    """Show the secret once, as a QR code and as text; it is nowhere else but in its file on this machine."""
    import segno

    from deployments.approval.enrolment import enrol_code
    from domain.approval.proofs.one_time_code import provisioning_uri

    secret = enrol_code(name).get_secret_value()
    segno.make(provisioning_uri(secret, name), error="l").terminal(compact=True)
    console.print("Scan this with an authenticator app, now: it is shown only once. To enter it by hand:")
    console.print("  " + " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)))
