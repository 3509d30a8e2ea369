"""A release's facts and the public halves of its approvers' credentials in one file, to be audited anywhere."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Enrolment
from domain.errors import Terminal
from domain.ledger.fact import Fact


class AuditBundle(BaseModel):
    """gated: the stages that have a gate. Nothing in it is secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    facts: tuple[Fact, ...] = Field(min_length=1)
    groups: dict[str, tuple[str, ...]]
    people: tuple[Enrolment, ...]
    tenant_keys: dict[str, dict[str, dict[str, Any]]]
    gated: tuple[str, ...]

    @classmethod
    def of(cls, facts: tuple[Fact, ...], approvers: EnrolledApprovers, gated: tuple[str, ...]) -> "AuditBundle":
        """What an audit needs."""
        return cls(
            facts=facts,
            groups={name: tuple(sorted(members)) for name, members in approvers.groups.items()},
            people=tuple(approvers.people[name] for name in sorted(approvers.people)),
            tenant_keys={
                tenant: {kid: dict(key) for kid, key in keys.items()} for tenant, keys in approvers.tenant_keys.items()
            },
            gated=gated,
        )

    @classmethod
    def parse(cls, text: str | bytes) -> "AuditBundle":
        """Read a file; Terminal when it is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise Terminal(f"this is not a Signalbox audit file: {where}: {first['msg']}") from None

    @property
    def approvers(self) -> EnrolledApprovers:
        """Who may decide."""
        groups = {name: frozenset(members) for name, members in self.groups.items()}
        return EnrolledApprovers(groups, {one.name: one for one in self.people}, self.tenant_keys)
