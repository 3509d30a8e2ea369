"""Who may decide at a gate, and by what they prove that it is they."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from blocks.code_secrets import CodeSecrets
from blocks.described import Described
from domain.approval.names import normal_name
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator
from domain.errors import Terminal


class Approvers(Described):
    """A named group of people; a gate names the group, the environment its members, `signalbox enrol` their credentials.

    Only public halves stand here: the secrets of one-time codes lie where their worker runs (blocks.code_secrets).
    """

    _block_type_name = "Signalbox Approvers"
    _block_type_slug = "signalbox-approvers"

    members: list[str] = Field(min_length=1, description="one name a person, as typed into the approval form")
    enrolments: list[Enrolment] = Field(default_factory=list, description="how the members prove who they are")
    notify: list[str] = Field(default_factory=list, description="where a request for approval is announced")
    poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="how often a run that waits in place checks whether somebody answered"
    )

    @model_validator(mode="after")
    def _members_only(self) -> Self:
        strangers = sorted({one.name for one in self.enrolments} - set(self.members))
        if strangers:
            raise ValueError(f"enrolled, but no members: {', '.join(strangers)}")
        first: dict[str, str] = {}
        twice = [(known, name) for name in self.members if (known := first.setdefault(normal_name(name), name)) != name]
        if twice:
            raise ValueError(
                "two members that are the same person, who would count twice: "
                + "; ".join(f"{one!r} and {other!r}" for one, other in twice)
            )
        return self

    def get_members(self) -> frozenset[str]:
        """The members' names; a name outside them is refused at the gate."""
        return frozenset(self.members)

    def get_enrolment(self, name: str) -> Enrolment:
        """How a member proves who they are; without any credential where they are not enrolled."""
        return next((one for one in self.enrolments if one.name == name), Enrolment(name=name))

    def with_enrolment(self, enrolment: Enrolment) -> "Approvers":
        """The same group, with a member's enrolment put in place of the one before."""
        others = [one for one in self.enrolments if one.name != enrolment.name]
        kept = {"members": self.members, "notify": self.notify, "poll_seconds": self.poll_seconds}
        return Approvers(enrolments=[*others, enrolment], **kept)


def code_secret(generator: CodeGenerator) -> SecretStr:
    """The secret of an enrolled authenticator, from where it says; Terminal where it cannot be had."""
    if generator.secret_file:
        return CodeSecrets.here().read(generator.secret_file)
    from prefect.blocks.system import Secret

    try:
        value = Secret.load(generator.secret_block).get()  # type: ignore[union-attr]  # load is synchronous here
    except ValueError:
        raise Terminal(
            f"the secret of {generator.id} is no longer on the Prefect server; enrol a new authenticator"
        ) from None
    return SecretStr(str(value))
