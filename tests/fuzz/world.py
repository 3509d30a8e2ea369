"""Everything that outlives a crash: storage, the clock, who is enrolled, what is declared and what serves."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import declared_stages
from cast import approvers
from stored_facts import StoredFacts

from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.single_use import OneTime
from domain.declaration.stage import Stage
from domain.release.manifest import Release

Watch = Callable[[str, Stage, Release], None]
"""Told what a run is about to do at a stage with a release: promote, deploy, switch; wait at the gate; refuse to go on."""


@dataclass
class World:
    """edit, vm_size: how production is declared. used: marks of codes and tokens → the answer that they came with.

    serving: endpoint → release. wrong_codes: authenticator → when they came. elsewhere: another release's ledger, with approvals of the same people.
    """

    now: datetime = declared_stages.START
    facts: StoredFacts = field(default_factory=StoredFacts)
    elsewhere: StoredFacts = field(default_factory=StoredFacts)
    approvers: EnrolledApprovers = field(default_factory=approvers)
    edit: str = "as agreed"
    vm_size: str = "Standard_DS3_v2"
    used: dict[str, str] = field(default_factory=dict)
    serving: dict[str, str] = field(default_factory=dict)
    wrong_codes: dict[str, list[datetime]] = field(default_factory=dict)

    def copy(self) -> "World":
        """The same, to go on from in another way."""
        return replace(
            self,
            facts=self.facts.copy(),
            elsewhere=self.elsewhere.copy(),
            used=dict(self.used),
            serving=dict(self.serving),
            wrong_codes={credential: list(moments) for credential, moments in self.wrong_codes.items()},
        )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """As declared now."""
        return declared_stages.stages(self.edit, self.vm_size)

    def wait(self, seconds: float) -> None:
        """The clock goes on."""
        self.now += timedelta(seconds=seconds)

    def is_first_sight(self, one: OneTime, answer: str) -> bool:
        """As `tasks.approval.used_proofs.is_first_sight`."""
        mark, before = one.marks(self.now)
        return (self.used.get(before) or self.used.setdefault(mark, answer)) == answer

    def enrol(self, enrolment: Enrolment) -> None:
        """Put an enrolment in place of the person's one before."""
        self.approvers = replace(self.approvers, people={**self.approvers.people, enrolment.name: enrolment})

    def members(self, group: str, names: frozenset[str]) -> None:
        """Change who is a member of a group."""
        self.approvers = replace(self.approvers, groups={**self.approvers.groups, group: names})
