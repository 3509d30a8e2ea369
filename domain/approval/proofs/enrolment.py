"""Who an approver is, and by what they prove it. Only public halves: an authenticator's secret lies elsewhere."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from domain.approval.names import normal_name
from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.proofs.one_time_code import CodeGenerator
from domain.approval.proofs.ssh_signature import SshKey
from domain.errors import Terminal
from domain.utc import Moment

Credential = Annotated[CodeGenerator | SshKey | EntraAccount, Field(discriminator="kind")]


class Enrolment(BaseModel):
    """An approver. aliases: other names of the same person: e-mail addresses, the author of their commits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    credentials: tuple[Credential, ...] = ()

    def is_called(self, text: str) -> bool:
        """Whether this names the person: `ada`, `Lovelace, Ada <ada@example.org>`, in any case."""
        return any(not _names_in(text).isdisjoint(_names_in(known)) for known in (self.name, *self.aliases))

    @property
    def readable_on_server(self) -> tuple[str, ...]:
        """Ids of authenticators that count and whose secret everybody who reads the server's API can read: they should be enrolled anew."""
        codes = [one for one in self.credentials if isinstance(one, CodeGenerator)]
        return tuple(one.id for one in codes if one.secret_block and one.revoked_at is None)

    def with_credential(self, credential: Credential) -> "Enrolment":
        """The same person with one credential more; an account that is there already is enrolled anew.

        Terminal for a key or authenticator that was revoked: what it had proven would count again. An account has no
        other id to come back with, so its tokens count from its new enrolment on.
        """
        for one in self.credentials:
            if one.id != credential.id:
                continue
            if one.revoked_at is not None and not isinstance(one, EntraAccount):
                raise Terminal(
                    f"{self.name}'s credential {one.id} was revoked at {one.revoked_at:%Y-%m-%d %H:%M} UTC "
                    "and cannot be enrolled again; make a new one and enrol that"
                )
            if one.model_copy(update={"enrolled_at": credential.enrolled_at}) == credential:
                return self
        others = tuple(one for one in self.credentials if one.id != credential.id)
        return self.model_copy(update={"credentials": (*others, credential)})

    def joined(self, other: "Enrolment") -> "Enrolment":
        """What two groups know of the same person; a credential revoked in one is revoked."""
        known = {one.id: one for one in self.credentials}
        for one in other.credentials:
            if one.id not in known or one.revoked_at is not None:
                known[one.id] = one
        aliases = tuple(dict.fromkeys((*self.aliases, *other.aliases)))
        return self.model_copy(update={"aliases": aliases, "credentials": tuple(known.values())})

    def revoking(self, credential_id: str, at: Moment) -> "Enrolment":
        """The same person with a credential that counts no more; it stays listed, for what it once proved."""
        changed = tuple(
            one.model_copy(update={"revoked_at": at}) if one.id == credential_id and one.revoked_at is None else one
            for one in self.credentials
        )
        return self.model_copy(update={"credentials": changed})


def _names_in(text: str) -> frozenset[str]:
    """The text, and both halves of `Name <mail>` as git writes it: no RFC 5322 header, a comma may stand in the name."""
    before, _, mail = text.rpartition("<")
    return frozenset(name for part in (text, before, mail) if (name := normal_name(part.strip('<>" \t\r\n'))))
