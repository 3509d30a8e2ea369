"""Who may decide, at this moment: groups, people and their credentials, and the keys that tenants publish."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.entra_token import TenantKeys


@dataclass(frozen=True)
class EnrolledApprovers:
    """groups: name → members' names. people: name → enrolment. tenant_keys: as they are published now."""

    groups: Mapping[str, frozenset[str]]
    people: Mapping[str, Enrolment]
    tenant_keys: TenantKeys = field(default_factory=dict)

    def person(self, name: str) -> Enrolment | None:
        """The approver of that name, when a group has them as a member; a member may be without an enrolment."""
        if not any(name in members for members in self.groups.values()):
            return None
        return self.people.get(name, Enrolment(name=name))

    def groups_of(self, name: str) -> frozenset[str]:
        """The groups that the approver is a member of."""
        return frozenset(group for group, members in self.groups.items() if name in members)
